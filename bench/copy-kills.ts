/**
 * Runs `sluice copy` for one file and kills it again and again, after a random number of bytes, until it completes:
 * `node bench/copy-kills.ts --mib 2048 --kills 20`. It prints what the test `test/cli/commands/copy-kills.test.ts`
 * asserts, for any size, and how long it took. It needs versitygw.
 */
import { refuse, scriptOptions } from '#local/script-options.ts';
import { copyWithKills } from '#test/helpers/copy-kills.ts';
import { findVersitygw, startS3Server } from '#test/helpers/s3-server.ts';

const MIB = 1_048_576;
/** A smaller file would land with one request, which leaves nothing to continue. */
const LEAST_MIB = 64;

const SCRIPT = {
  command: 'node bench/copy-kills.ts',
  about: 'Kills "sluice copy" of one file again and again, then lets it complete.',
  options: {
    mib: { type: 'string', takes: 'NUMBER', default: '2048', what: 'size of the file' },
    kills: { type: 'string', takes: 'NUMBER', default: '20', what: 'the number of kills' },
    connections: { type: 'string', takes: 'NUMBER', default: '8', what: 'connections of the copy' },
    seed: {
      type: 'string',
      takes: 'NUMBER',
      default: String(Date.now() % 1_000_000),
      what: 'the seed of the random numbers of bytes',
    },
  },
} as const;
const { values } = scriptOptions(SCRIPT);
const { mib, kills, connections, seed } = {
  mib: Math.floor(Number(values.mib)),
  kills: Math.floor(Number(values.kills)),
  connections: Number(values.connections),
  seed: Number(values.seed),
};
if (mib < LEAST_MIB) refuse(SCRIPT, `--mib takes at least ${LEAST_MIB}`);
if (!findVersitygw()) refuse(SCRIPT, 'versitygw is not installed: run test/helpers/install-s3-server.sh (it needs go)');

await using s3 = await startS3Server({ kind: 'versitygw' });
const began = performance.now();
const copy = await copyWithKills({ s3, bytes: mib * MIB, kills, connections, seed });
const { received, last, ...rest } = copy;
const result = {
  ...{ seed, mib, ...rest },
  seconds: Math.round((performance.now() - began) / 1_000),
  receivedMib: Math.round(received.reduce((sum, one) => sum + one, 0) / MIB),
  resumedMib: Math.round(last.resumedBytes / MIB),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
