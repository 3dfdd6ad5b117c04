import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { beforeEach, describe, expect, it } from 'vitest';
import { useEmbeddedAws } from '#test/helpers/aws.ts';

const aws = useEmbeddedAws();
let client: S3Client;
let Bucket: string;
beforeEach(async () => {
  ({ client, bucket: Bucket } = await aws.store());
});

const put = (...keys: string[]) =>
  Promise.all(keys.map((Key) => client.send(new PutObjectCommand({ Bucket, Key, Body: Key }))));

/** All pages of a list: a common prefix ends with its delimiter. */
async function list(options: Omit<ListObjectsV2Command['input'], 'Bucket'> = {}): Promise<string[][]> {
  const pages: string[][] = [];
  let ContinuationToken: string | undefined;
  do {
    const answer = await client.send(
      new ListObjectsV2Command({ ...options, Bucket, ...(ContinuationToken && { ContinuationToken }) }),
    );
    const { Contents = [], CommonPrefixes = [], KeyCount } = answer;
    const rows = [...Contents.map(({ Key = '' }) => Key), ...CommonPrefixes.map(({ Prefix = '' }) => Prefix)].sort();
    expect(KeyCount).toBe(rows.length);
    pages.push(rows);
    ContinuationToken = answer.IsTruncated === true ? answer.NextContinuationToken : undefined;
  } while (ContinuationToken !== undefined);
  return pages;
}

describe('a bucket of the embedded AWS', () => {
  it('a bucket lists its keys in order, page by page, and those of a prefix', async () => {
    await put('b/2', 'a', 'c', 'b/1', 'b', 'b/10');
    expect(await list({ MaxKeys: 4 })).toEqual([
      ['a', 'b', 'b/1', 'b/10'],
      ['b/2', 'c'],
    ]);
    expect(await list({ Prefix: 'b/' })).toEqual([['b/1', 'b/10', 'b/2']]);
    expect(await list({ Prefix: 'd' })).toEqual([[]]);
    expect(await list({ StartAfter: 'b/10' })).toEqual([['b/2', 'c']]);
  });

  it('a bucket knows new, deleted and restored keys at once', async () => {
    await put('a', 'b', 'c');
    expect(await list()).toEqual([['a', 'b', 'c']]);
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'b' }));
    expect(await list()).toEqual([['a', 'c']]);
    await put('b', 'aa', 'a');
    expect(await list()).toEqual([['a', 'aa', 'b', 'c']]);
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'b' }));
    await put('b');
    expect(await list()).toEqual([['a', 'aa', 'b', 'c']]);
    const Objects = ['a', 'aa', 'b'].map((Key) => ({ Key }));
    await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect(await list()).toEqual([['c']]);
  });

  it('a bucket lists each folder once, even across the end of a page', async () => {
    await put('a/1', 'a/2', 'b', 'c/1', 'c/2/3', 'd');
    expect(await list({ Delimiter: '/' })).toEqual([['a/', 'b', 'c/', 'd']]);
    expect(await list({ Delimiter: '/', MaxKeys: 1 })).toEqual([['a/'], ['b'], ['c/'], ['d']]);
    expect(await list({ Delimiter: '/', Prefix: 'c/' })).toEqual([['c/1', 'c/2/']]);
    // A folder that begins before this is left out, though it has keys behind it.
    expect(await list({ Delimiter: '/', StartAfter: 'a/1' })).toEqual([['b', 'c/', 'd']]);
  });
});
