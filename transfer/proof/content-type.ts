/** Without its parameters, in lower case. */
function mediaType(contentType: string): string {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase();
}

/** @param wanted a media type, such as `text/csv`, or all of a kind, such as `text/*`. */
export function isOfType(contentType: string | undefined, wanted: string): boolean {
  if (contentType === undefined) return false;
  const type = mediaType(contentType);
  const expected = mediaType(wanted);
  return expected.endsWith('/*') ? type.startsWith(expected.slice(0, -1)) : type === expected;
}

/** File names for data, compressed or not: a page of HTML with such a name is an error, a login or a notice. */
const DATA =
  /\.(?:csv|tsv|tab|psv|txt|dat|json|jsonl|ndjson|geojson|xml|ya?ml|parquet|avro|orc|arrow|feather|xlsx?|ods|dbf|shp|gpkg|km[lz]|nc|grib2?|hdf5?|h5|tiff?|jpe?g|png|mp4|pdf|sql|sqlite|db|bin|zip|tar|t?gz|bz2|xz|zst|7z)$/i;

/** Returns a note if a source answers a page of HTML although the URL's name promises data. */
export function noteOnHtml(contentType: string | undefined, url: string): string | undefined {
  const name = URL.parse(url)?.pathname ?? '';
  const extension = DATA.exec(name)?.[0];
  if (extension === undefined || contentType === undefined) return undefined;
  if (!isOfType(contentType, 'text/html') && !isOfType(contentType, 'application/xhtml+xml')) return undefined;
  return `the source answered with a page of HTML (${contentType}), but the name in the URL ends in ${extension}: the page may be an error or a login page. expect.contentType refuses such a page`;
}
