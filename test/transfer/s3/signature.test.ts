import { S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { keyPath, queryText, signHeaders } from '#transfer/s3/signature.ts';

const EXAMPLE = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
const OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const S3 = { region: 'us-east-1', service: 's3' };

// Amazon S3 API Reference, "Authenticating Requests: Using the Authorization Header", its examples.
it.each([
  {
    what: 'GET of an object',
    method: 'GET',
    key: 'test.txt',
    query: {},
    headers: { range: 'bytes=0-9', 'x-amz-content-sha256': OF_NOTHING },
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  },
  {
    what: 'PUT of an object',
    method: 'PUT',
    key: 'test$file.text',
    query: {},
    headers: {
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    },
    signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  },
  {
    what: 'GET of a sub-resource',
    method: 'GET',
    key: '',
    query: { lifecycle: '' },
    headers: { 'x-amz-content-sha256': OF_NOTHING },
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  },
  {
    what: 'list of objects',
    method: 'GET',
    key: '',
    query: { prefix: 'J', 'max-keys': '2' },
    headers: { 'x-amz-content-sha256': OF_NOTHING },
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  },
])("the signer signs AWS's own example, the $what", ({ method, key, query, headers, signature }) => {
  const host = 'examplebucket.s3.amazonaws.com';
  const at = new Date('2013-05-24T00:00:00Z');
  const signed = signHeaders({ method, path: keyPath(key), query }, { host, ...headers }, EXAMPLE, S3, at);
  expect(signed.authorization).toContain(`Signature=${signature}`);
});

it("the signer signs any request as the SDK's signer does", async () => {
  const header = fc.stringMatching(/^x-amz-meta-[a-z]{1,5}$/);
  // The SDK loses a value of this name.
  const name = fc.string({ unit: 'grapheme-ascii' }).filter((text) => text !== '__proto__');
  const words = fc.stringMatching(/^[ -~]{0,20}$/);
  const credentials = fc.record({
    accessKeyId: fc.stringMatching(/^[A-Z0-9]{4,20}$/),
    secretAccessKey: fc.stringMatching(/^[!-~]{1,40}$/),
    sessionToken: fc.option(fc.stringMatching(/^[!-~]{1,40}$/), { nil: undefined }),
  });
  const request = fc.record({
    method: fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'DELETE'),
    key: fc.string({ unit: 'grapheme', minLength: 1 }),
    query: fc.dictionary(name, fc.string({ unit: 'grapheme' }), { maxKeys: 4 }),
    own: fc.dictionary(header, words, { maxKeys: 3 }),
    region: fc.constantFrom('eu-west-1', 'us-gov-east-1', 'cn-north-1'),
    at: fc.date({ min: new Date('2013-01-01'), max: new Date('2037-01-01'), noInvalidDate: true }),
  });
  await fc.assert(
    fc.asyncProperty(credentials, request, async (keys, { method, key, query, own, region, at }) => {
      const { sessionToken, ...twoKeys } = keys;
      const identity = { ...twoKeys, ...(sessionToken !== undefined && { sessionToken }) };
      const client = new S3Client({ region, credentials: identity });
      const path = keyPath(key);
      const headers = { host: 's3', 'user-agent': 'a', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', ...own };
      const signer = await client.config.signer();
      const bySdk = await signer.sign({ method, protocol: 'https:', hostname: 's3', path, query, headers } as never, {
        signingDate: at,
        signingRegion: region,
        signingService: 's3',
      });
      const ours = signHeaders({ method, path, query }, headers, keys, { region, service: 's3' }, at);
      expect(ours.authorization).toBe(bySdk.headers.authorization);
    }),
  );
});

it('the signer writes a query sorted by name, and a name without a value with an equals sign', () => {
  expect(queryText({ uploads: '', 'a-b': '1', a: ['2', '3'], none: null })).toBe('a=2&a=3&a-b=1&none=&uploads=');
});
