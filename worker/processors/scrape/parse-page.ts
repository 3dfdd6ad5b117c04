import { loadBuffer } from 'cheerio';
import { canonicalUrl } from './canonical-url.ts';

/** Links of one page beyond this are counted, not listed and not followed. */
const MAX_LINKS = 1_000;
const MAX_TITLE = 300;

/** What is taken from an HTML page. */
export interface ParsedPage {
  readonly title: string | null;
  /** Characters of visible text, with runs of white space as one. */
  readonly textLength: number;
  /** Distinct links in their canonical form, in the order of the page, the first thousand. */
  readonly links: readonly string[];
  /** How many distinct links there are. */
  readonly linkCount: number;
  /** Those of `links` that the page lets robots follow. */
  readonly followable: readonly string[];
}

/** Parses an HTML page, in the encoding that the page or its byte order mark states. */
export function parsePage(html: Buffer, url: string): ParsedPage {
  const $ = loadBuffer(html);
  const base = canonicalUrl($('base[href]').first().attr('href') ?? '', url) ?? url;
  const noneFollowed = $('meta[name="robots" i]')
    .toArray()
    .some((element) => /\b(nofollow|none)\b/i.test($(element).attr('content') ?? ''));

  const links = new Map<string, boolean>();
  for (const element of $('a[href], area[href]').toArray()) {
    const link = canonicalUrl($(element).attr('href') ?? '', base);
    if (link === undefined) continue;
    const follow = !noneFollowed && !/\bnofollow\b/i.test($(element).attr('rel') ?? '');
    links.set(link, follow || links.get(link) === true);
  }
  const listed = [...links].slice(0, MAX_LINKS);

  const title = $('title').first().text().replace(/\s+/g, ' ').trim().slice(0, MAX_TITLE);
  $('script, style, template, noscript, head').remove();
  return {
    title: title === '' ? null : title,
    textLength: $.root().text().replace(/\s+/g, ' ').trim().length,
    links: listed.map(([link]) => link),
    linkCount: links.size,
    followable: listed.filter(([, follow]) => follow).map(([link]) => link),
  };
}
