import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { LOCAL_AWS_FILE } from '#cli/deployment/local-aws.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { runSluice, startSluice } from '#test/helpers/cli.ts';

const aws = useEmbeddedAws();
const sluice = (...args: string[]) => runSluice(args, aws.childEnv());

/** A machine that nobody has set up: no region, no credentials, no configuration. */
const BARE = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/nonexistent/config',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent/credentials',
};

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

const COMMANDS =
  'run watch runs status report items get logs retry cancel stop backfill open doctor wlm validate copy probe completion'.split(
    ' ',
  );

describe('sluice', () => {
  it('sluice lists every command in its help', async () => {
    const { code, out } = await startSluice(['--help'], BARE).ended;
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(out).toMatch(new RegExp(`^  ${command} `, 'm'));
  });

  it('sluice prints its version', async () => {
    expect(await sluice('--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  it('the process ends with the exit code of the command', async () => {
    const { code, err } = await startSluice(['run', 'foo'], BARE).ended;
    expect([code, err]).toEqual([2, expect.stringContaining('"foo"')]);
  });

  it.each([
    ['no command', [], 'Usage: sluice'],
    ['an unknown command', ['retrye'], 'Did you mean retry?'],
    ['an unknown option', ['run', '--nmae', 'x'], 'did you mean --name?'],
    ['a report of nothing', ['report'], '<run> is missing: give the id of a run'],
    ['a retry of two runs', ['retry', 'a', 'b'], '"b" is one argument too many'],
    ['a list beside URLs', ['run', 'http://a.example/1', '--from', 'list.txt'], '--from names all sources'],
    ['a list that is not there', ['run', '--from', '/nonexistent/list.txt'], 'there is no such file'],
    ['an input that is a folder', ['run', '--input', '/'], 'the path is a folder, not a file'],
    ['a limit that is no number', ['runs', '--limit', 'many'], 'whole number from 1 to 10,000'],
    ['a copy of nothing', ['copy', 's3://bucket/key'], 'there is no URL'],
    [
      'a copy of two URLs to one key',
      ['copy', 'http://a.example/x', 'http://b.example/x', 's3://bucket/p/'],
      'would both be',
    ],
    ['an unknown shell', ['completion', 'tcsh', 'x'], 'takes one of bash, zsh, fish'],
    ['an input that is not JSON', ['validate', 'package-lock.json.nope'], 'there is no such file'],
  ])('ends with 2 for %s, and says what is wrong', async (_, args, message) => {
    // There are no AWS credentials: a mistake is found before any request.
    const { code, out, err } = await runSluice(args, BARE);
    expect([code, err + out]).toEqual([2, expect.stringContaining(message)]);
  });

  it.each<[string, string[], string[]]>([
    [
      'copy',
      [
        ...['copy', 'foo', 's3://Bucket/key', '--header', 'secret', '--header', 'Range: x', '--endpoint', 'localhost'],
        ...['--expect-md5', 'zz', '--connections', '0', '--open-range', '10.0.0.0/99', '--nope', '--region', 'a b'],
      ],
      [
        '--expect-md5 is "zz", and takes 32 hexadecimal digits',
        '--connections is "0", and takes a whole number from 1 to 64',
        '--nope is not an option of "sluice copy": remove it',
        '"s3://Bucket/key" names no possible bucket',
        '"foo" is not a URL of the web',
        '--header number 1 is not a header',
        '--header Range is not for you to set',
        '--open-range "10.0.0.0/99" is not a range',
        '--endpoint is "localhost"',
        '--region is "a b"',
        'there are no AWS credentials',
      ],
    ],
    [
      'copy without a place',
      ['copy', 'foo', 'http://a.example/', 'http://b.example/x', '--from', '/nonexistent', '--max-gib', '1e9'],
      ['--max-gib is "1e9"', 'there is no place in S3', '--from /nonexistent: there is no such file', '"foo" is not'],
    ],
    [
      'probe',
      ['probe', 'ftp://x', 'more', '--header', 'secret', '--open-range', 'z', '--open-range', 'y', '--jsno'],
      [
        '--jsno is not an option of "sluice probe": did you mean --json?',
        '"more" is one argument too many: "sluice probe" takes only <url>',
        '"ftp://x" is not a URL of the web',
        '--header is not a header',
        '--open-range "z"',
        '--open-range "y"',
      ],
    ],
    ['probe without a URL', ['probe', '--header'], ['--header has no value', '<url> is missing']],
    [
      'run',
      [
        'run',
        'foo',
        'http://b.example/1',
        '--key',
        'k',
        '--to',
        'p',
        '--name',
        'a b',
        '--on-late',
        'no',
        '--process',
        'x',
      ],
      ['--key is only', '--key and --to', '--name is "a b"', 'sources[0].url', 'onLate: takes', 'no processor "x"'],
    ],
    [
      'a flag with a value',
      ['run', 'foo', '--detach=yes'],
      ['--detach takes no value: remove "=yes"', 'sources[0].url'],
    ],
    [
      'get to a file that exists',
      ['get', 'r', '--to', 'package.json'],
      ['<item> is missing', '--to package.json exists'],
    ],
    ['wlm to no folder', ['wlm', '--days', '0', '--html', '/none/x'], ['--days is "0"', '--html /none: there is no']],
    ['get', ['get', '--out'], ['--out is not an option of "sluice get"', '<run> is missing', '<item> is missing']],
    [
      'backfill',
      ['backfill', '--from', 'now', '--at-once', 'x'],
      ['--at-once', '<schedule>', '--to is', '--from is "now"'],
    ],
    ['retry', ['retry', '--name', 'a b', '--on-late', 'no'], ['<run> is missing', '--name is "a b"', 'onLate: takes']],
    ['wlm', ['wlm', '--days', '0', '--workgroup', 'a', '--cluster', 'b'], ['--days is "0"', 'exclude each other']],
    ['watch', ['watch', '--port', '1'], ['<run> is missing', '--port is the port of --page: add --page']],
    ['smoke', ['smoke', '--input', '/none', '--smoke-role', 'me'], ['no such file', '--smoke-role is "me"']],
  ])('sluice reports all mistakes of %s at once, as text and as a list in JSON', async (_, args, says) => {
    const text = await runSluice(args, { ...BARE, AWS_REGION: 'eu-west-1' });
    expect(text.code).toBe(2);
    for (const one of says) expect(text.err).toContain(one);
    const [name = '', ...rest] = args;
    const json = await runSluice([name, '--json', ...rest], { ...BARE, AWS_REGION: 'eu-west-1' });
    const { problems } = JSON.parse(json.err) as { problems: string[] };
    for (const one of says) expect(problems).toContainEqual(expect.stringContaining(one));
    expect(text.err.match(/^ {4}- /gm)).toHaveLength(problems.length);
  });

  it('sluice run names every wrong line of its list', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-list-'));
    const list = join(folder, 'list.txt');
    await writeFile(list, Array.from({ length: 500 }, (_, at) => `wrong-${at}\n`).join(''));
    const { code, err } = await runSluice(['run', '--from', list, '--on-late', 'never'], BARE);
    await rm(folder, { recursive: true });
    expect([code, err.match(/^ {4}- list\.txt line \d+\.url: /gm)?.length]).toEqual([2, 500]);
    expect(err).toContain('- onLate: takes one of partial, fail, got "never"');
  });

  it('sluice shows no secret of a wrong URL', async () => {
    const url = 'http://me:hunter2@a.example/x?token=hunter2';
    const { code, err } = await runSluice(['copy', url, url, 's3://bucket/p/'], BARE);
    expect([code, err]).toEqual([2, expect.stringContaining('"http://a.example/x?token=redacted" is named twice')]);
    expect(err).not.toContain('hunter2');
  });

  it('sluice shows no value of a wrong header', async () => {
    const args = ['probe', 'http://a.example/', '--header', 'hunter2', '--header', 'Host: hunter2'];
    expect((await runSluice(args, BARE)).err).not.toContain('hunter2');
  });

  it('sluice shows the help of a command that has mistakes too', async () => {
    const { code, out } = await runSluice(['copy', '--nope', '--connections', '0', '--help'], BARE);
    expect([code, out]).toEqual([0, expect.stringContaining('Usage: sluice copy')]);
  });

  it('sluice reports that there is no region, and how to set one', async () => {
    expect(await runSluice(['runs'], BARE)).toMatchObject({ code: 2, err: expect.stringContaining('set AWS_REGION') });
  });

  it('sluice reports that there are no credentials, and how to get some', async () => {
    const { code, err } = await runSluice(['runs'], { ...BARE, AWS_REGION: 'eu-west-1' });
    expect([code, err]).toEqual([2, expect.stringContaining('there are no AWS credentials')]);
  });

  it('sluice reports that the profile gives no credentials', async () => {
    const { code, err } = await runSluice(['runs'], { ...BARE, AWS_REGION: 'eu-west-1', AWS_PROFILE: 'nope' });
    expect([code, err]).toEqual([2, expect.stringContaining('the AWS profile "nope" gives no credentials')]);
  });

  it('sluice reports that nothing answers at the endpoint', async () => {
    const { code, err } = await runSluice(['runs'], { ...aws.childEnv(), AWS_ENDPOINT_URL: 'http://127.0.0.1:1' });
    expect([code, err]).toEqual([1, expect.stringContaining('nothing answers at 127.0.0.1:1')]);
  });

  it('sluice reports which stack it looked for, and in which region', async () => {
    const { code, err } = await sluice('watch', 'night', '--stack', 'Nowhere');
    expect([code, err]).toEqual([2, expect.stringContaining('there is no stack "Nowhere" in us-east-1')]);
  });

  it('doctor checks a machine without credentials, and says what to do about each problem', async () => {
    const { code, out } = await runSluice(['doctor'], { ...BARE, AWS_REGION: 'eu-west-1' });
    expect([code, out]).toEqual([
      1,
      expect.stringMatching(/bad +credentials: there are no AWS credentials\n +→ sign in/),
    ]);
    expect(out).toMatch(/good +Node: v24/);
  });

  it('doctor checks an account in which nothing is deployed', async () => {
    const { out } = await sluice('doctor', '--json');
    expect(JSON.parse(out)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ check: 'credentials', state: 'good' }),
        expect.objectContaining({ check: 'stack Sluice', state: 'note', mend: 'npx cdk deploy' }),
      ]),
    );
  });

  // A person may have "npm start -- --keep" running in this clone.
  it.skipIf(existsSync(LOCAL_AWS_FILE))('sluice reports that no local Sluice is running', async () => {
    expect(await sluice('runs', '--local')).toMatchObject({
      code: 2,
      err: expect.stringContaining('npm start -- --keep'),
    });
  });

  it('sluice fills the run and --local into the commands of what to do', async () => {
    const { err } = await sluice('get', 'night', 'x', '--stack', 'Nowhere');
    expect(err).toContain('or add --local');
    const json = await sluice('cancel', 'night', '--stack', 'Nowhere', '--json');
    expect(JSON.parse(json.err)).toMatchObject({ code: 'no-stack', allowedBy: 'never' });
  });

  it.skipIf(!existsSync('/dev/full'))('sluice reports that the disk for its results is full', async () => {
    const full = openSync('/dev/full', 'w');
    try {
      const child = spawn(process.execPath, [MAIN, 'completion', 'bash'], { stdio: ['ignore', full, 'pipe'] });
      const [err, [code]] = await Promise.all([text(child.stderr as Readable), once(child, 'close')]);
      expect([code, err]).toEqual([1, expect.stringMatching(/^disk-full: .*\n {2}→ free disk space/)]);
    } finally {
      closeSync(full);
    }
  });

  it('sluice prints a mistake as a JSON problem if --json is given', async () => {
    const { code, err } = await runSluice(['run', 'foo', '--json'], BARE);
    expect([code, JSON.parse(err)]).toEqual([
      2,
      expect.objectContaining({ code: 'invalid-input', detail: expect.stringContaining('"foo"') }),
    ]);
  });

  it.each(['bash', 'zsh', 'fish'])('sluice prints a completion script for %s with every command', async (shell) => {
    const { code, out } = await runSluice(['completion', shell], BARE);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(out).toContain(command);
  });

  it('sluice draws no progress and uses no colours in a pipe', async () => {
    const { err, out } = await sluice('watch', 'night', '--stack', 'Nowhere');
    expect(err + out).not.toContain('\u001b');
  });
});
