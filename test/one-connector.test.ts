import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** Files of the code that runs in the cloud that can open a connection by themselves, and why each may. */
const CONNECT: Readonly<Record<string, string>> = {
  'lambdas/at-deploy/answer-request.ts':
    'to the address at which CloudFormation waits for an answer; no input of a run',
  'net/dial/dial.ts': 'the one connector',
  'net/dial/guarded-agent.ts': 'undici over it',
  'net/dial/guarded-request.ts': 'asks by the guarded agent',
  'transfer/s3/http-transport.ts': 'to S3, by an address that the SDK or the small client makes of region and bucket',
  'worker/bootstrap.ts': 'to the credentials of the task and the bundle in S3: nothing of a user’s input is there yet',
  'worker/runtime/worker-name.ts': 'to the metadata of the task, by an address of ECS',
};

it('no code that runs in the cloud can connect without the guard, except to AWS', () => {
  const files = globSync('{net,transfer,run,processors,lambdas,worker}/**/*.ts', { cwd: ROOT }).filter(
    (file) => !file.endsWith('.d.ts'),
  );
  expect(files.length).toBeGreaterThan(100);
  const connecting = files.filter((file) => {
    const code = readFileSync(`${ROOT}${file}`, 'utf8').replace(/^\s*(\*|\/\/).*$/gm, '');
    const imports = [
      ...code.matchAll(/^import ([^;]*?) from '(undici[^']*|node:(?:http|https|http2|net|tls|dgram))';/gm),
    ];
    const byImport = imports.some(([, names = '']) => {
      if (names.startsWith('type ')) return false;
      const values = names
        .replace(/[{}\s]/g, ' ')
        .split(',')
        .filter((name) => !/^\s*type\s/.test(name));
      return values.some((name) => name.trim() !== '' && !/^\s*(isIP|isIPv4|isIPv6|BlockList)\s*$/.test(name));
    });
    return byImport || /import\('undici'\)/.test(code) || /(?<![.\w#])fetch\(/.test(code);
  });
  expect(connecting.toSorted()).toEqual(Object.keys(CONNECT).toSorted());
});
