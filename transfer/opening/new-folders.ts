import type { S3Client } from '@aws-sdk/client-s3';

/** After this many looks in a row at keys of one folder that found nothing, the next key is probably new too. */
const LOOKS = 3;
/** The number of folders that are remembered for one client; the oldest one is forgotten first. */
const MOST_FOLDERS = 1_000;

/** For each client: the folder, and how many looks in a row have found nothing in it. */
const looks = new WeakMap<S3Client, Map<string, number>>();

interface Place {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
}

/**
 * Returns whether a key is probably new, according to this process's looks at other keys of its folder. Then a small
 * object needs no look: a PUT that S3 refuses if the object exists does both with one request.
 */
export function isLikelyNew(place: Place): boolean {
  return (looks.get(place.client)?.get(folderOf(place)) ?? 0) >= LOOKS;
}

/** Remembers whether an object existed at a key. After one that did, each key of its folder is looked at again. */
export function rememberLook(place: Place, found: boolean): void {
  const ofClient = looks.get(place.client) ?? new Map<string, number>();
  looks.set(place.client, ofClient);
  const folder = folderOf(place);
  const before = ofClient.get(folder) ?? 0;
  const [oldest] = ofClient.keys();
  if (ofClient.size >= MOST_FOLDERS && oldest !== undefined) ofClient.delete(oldest);
  ofClient.set(folder, found ? 0 : before + 1);
}

function folderOf({ bucket, key }: Place): string {
  return `${bucket}/${key.slice(0, key.lastIndexOf('/') + 1)}`;
}
