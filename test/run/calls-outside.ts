/** Makes a call of each kind that Sluice makes of something outside, with the loggers of a function. */
import { HeadBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { logger } from '#lambdas/logger.ts';
import { guardedAgent, guardedRequest } from '#net/dial/guarded-http.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { lookAtSource } from '#transfer/index.ts';

const [, , web = ''] = process.argv;
const s3 = new S3Client({ forcePathStyle: true });
await s3.send(new ListObjectsV2Command({ Bucket: 'no-such-bucket' })).catch(() => undefined);
const nobody = new S3Client({ endpoint: 'http://127.0.0.1:1', forcePathStyle: true, maxAttempts: 1 });
await nobody.send(new HeadBucketCommand({ Bucket: 'nowhere' })).catch(() => undefined);
await lookAtSource({ url: `${web}/file?token=s3cret` }, { guard: LOOPBACK });
const agent = guardedAgent(LOOPBACK, { connectSeconds: 5 });
const { body } = await guardedRequest(agent, new URL(`${web}/none?key=s3cret`));
await body.dump();
logger.info('made all calls');
await agent.destroy();
s3.destroy();
