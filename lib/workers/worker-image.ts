import { ownPackage } from '../own-package.ts';
import type { Settings } from '../settings/settings.ts';

export interface WorkerImage {
  readonly name: string;
  /** The user of the image for this purpose; an image of the user's own runs as its own user. */
  readonly user: string | undefined;
}

/**
 * The image that the settings name, or the public Node image of exactly the version of this project's `node`
 * devDependency, so that the tested version runs. A digest is added only if one is set.
 */
export function workerImage({ image, imageDigest }: Pick<Settings['workers'], 'image' | 'imageDigest'>): WorkerImage {
  const name = image ?? `public.ecr.aws/docker/library/node:${nodeVersion()}-bookworm-slim`;
  return {
    name: imageDigest === undefined ? name : `${name}@${imageDigest}`,
    user: image === undefined ? 'node' : undefined,
  };
}

function nodeVersion(): string {
  const version = ownPackage.devDependencies.node ?? '';
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    throw new Error(`package.json: devDependencies.node must be an exact version, got ${JSON.stringify(version)}`);
  }
  return version;
}
