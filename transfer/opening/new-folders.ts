import type { S3Client } from '@aws-sdk/client-s3';

/** So many looks in a row that found nothing, at keys of one folder: the next key will most likely be new too. */
const LOOKS = 3;
/** Folders of one client that are remembered; the one met first is forgotten first. */
const MOST_FOLDERS = 1_000;

/** For each client: the folder, and how many looks in a row have found nothing in it. */
const looks = new WeakMap<S3Client, Map<string, number>>();

interface Place {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
}

/**
 * Whether a key is most likely new, by what this process has found at other keys of its folder. Then a small object needs no
 * look: a PUT that S3 refuses where there is an object does both by one request.
 */
export function isLikelyNew(place: Place): boolean {
  return (looks.get(place.client)?.get(folderOf(place)) ?? 0) >= LOOKS;
}

/** Remembers whether there was an object at a key. One is enough to look at each key of its folder again. */
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
