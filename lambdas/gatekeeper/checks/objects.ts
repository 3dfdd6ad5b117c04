import { paginateListObjectsV2 } from '@aws-sdk/client-s3';
import type { Store } from '#run/store.ts';
import type { Check } from './check.ts';

/** Ready when Sluice's bucket has this many objects under a prefix. It stops listing at this number. */
export function objectsCheck(store: Store, prefix: string, count: number): Check {
  return async () => {
    let found = 0;
    const pages = paginateListObjectsV2({ client: store.client }, { Bucket: store.bucket, Prefix: prefix });
    for await (const page of pages) {
      found += page.KeyCount ?? page.Contents?.length ?? 0;
      if (found >= count) break;
    }
    return { ready: found >= count, progress: `${Math.min(found, count)} of ${count} objects under ${prefix}` };
  };
}
