/** An object of a run that is to be loaded. */
export interface LoadObject {
  readonly bucket: string;
  readonly key: string;
  readonly bytes: number;
}

export function urlOf({ bucket, key }: Pick<LoadObject, 'bucket' | 'key'>): string {
  return `s3://${bucket}/${key}`;
}

/**
 * The manifest of a COPY: exactly these objects, each of which must exist. It never uses a prefix, because other
 * programs could add objects under it.
 * https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
 */
export function copyManifest(objects: readonly LoadObject[]) {
  return {
    entries: objects.map((object) => ({
      url: urlOf(object),
      mandatory: true,
      // A COPY of Parquet requires it.
      meta: { content_length: object.bytes },
    })),
  };
}
