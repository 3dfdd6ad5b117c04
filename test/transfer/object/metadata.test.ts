import { expect, it } from 'vitest';
import { META, objectMetadata } from '#transfer/object/metadata.ts';

const INPUT = {
  token: 'mine',
  url: 'https://example.com/',
  urlHash: 'a'.repeat(64),
  etag: undefined,
  lastModified: undefined,
  expect: {},
};

it('the metadata contain their own token, whatever the metadata of an earlier object contain', () => {
  const made = objectMetadata({ ...INPUT, user: { 'Sluice-Upload': 'earlier', owner: 'me' } });
  expect(made?.metadata).toMatchObject({ [META.upload]: 'mine', owner: 'me' });
});
