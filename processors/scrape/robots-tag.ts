/**
 * Directives of X-Robots-Tag that have a value after a colon: the name before the colon is not the name of a crawler.
 */
const WITH_VALUES = new Set(['unavailable_after', 'max-snippet', 'max-image-preview', 'max-video-preview']);

/**
 * Returns whether `X-Robots-Tag` asks this crawler not to follow the page's links: `nofollow` or `none`, for all
 * crawlers or, as in `sluice: nofollow`, for this one.
 * https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag
 *
 * @param values of the header, one for each time that it was sent.
 * @param agent the crawler's product token, in lower case.
 */
export function forbidsFollowing(values: readonly string[], agent: string): boolean {
  return values.some((value) => {
    // A crawler's name applies to the directives after it in the same header.
    let isMeant = true;
    return value
      .toLowerCase()
      .split(',')
      .some((part) => {
        const [, name, rest] = /^\s*([\w-]+)\s*:(.*)$/s.exec(part) ?? [];
        const isName = name !== undefined && !WITH_VALUES.has(name);
        if (isName) isMeant = name === agent;
        return isMeant && /^\s*(nofollow|none)\s*$/.test(isName ? (rest ?? '') : part);
      });
  });
}
