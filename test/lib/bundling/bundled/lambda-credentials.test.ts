import { afterEach, expect, it, vi } from 'vitest';
import { defaultProvider } from '#lib/bundling/bundled/lambda-credentials.ts';

afterEach(() => void vi.unstubAllEnvs());

it('a function takes the credentials of its role from the environment', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_SESSION_TOKEN', 'token');
  expect(await defaultProvider()()).toEqual({ accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: 'token' });
  vi.stubEnv('AWS_SESSION_TOKEN', undefined);
  expect(await defaultProvider()()).toEqual({ accessKeyId: 'key', secretAccessKey: 'secret' });
});

it.each(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])(
  'a function looks for credentials nowhere else if %s is not set',
  async (missing) => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    vi.stubEnv(missing, undefined);
    await expect(defaultProvider()()).rejects.toThrow('reads its credentials only from these variables');
  },
);
