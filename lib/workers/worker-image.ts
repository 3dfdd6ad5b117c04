import { readFileSync } from 'node:fs';
import type { Settings } from '../settings/settings.ts';

export interface WorkerImage {
  readonly name: string;
  /** The user that the image has for this; an image of the user's own runs as it says itself. */
  readonly user: string | undefined;
}

/**
 * The image that the settings name, or else the public Node image of exactly the version that this project's `node`
 * devDependency has: what is tested is what runs. A digest is added only where one is set.
 */
export function workerImage({ image, imageDigest }: Pick<Settings['workers'], 'image' | 'imageDigest'>): WorkerImage {
  const name = image ?? `public.ecr.aws/docker/library/node:${nodeVersion()}-bookworm-slim`;
  return {
    name: imageDigest === undefined ? name : `${name}@${imageDigest}`,
    user: image === undefined ? 'node' : undefined,
  };
}

function nodeVersion(): string {
  const { devDependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const version = devDependencies.node ?? '';
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    throw new Error(`package.json: devDependencies.node must be an exact version, got ${JSON.stringify(version)}`);
  }
  return version;
}
