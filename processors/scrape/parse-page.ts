import { setImmediate as turn } from 'node:timers/promises';
import { Parser } from 'htmlparser2';
import { canonicalUrl } from './canonical-url.ts';
import { htmlText } from './html-text.ts';

/** Further links of one page are counted, but not listed and not followed. */
const MAX_LINKS = 1_000;
/** Further links are not even counted, because each has to be resolved. */
const MAX_HREFS = 50_000;
/** Longer links are ignored: `canonicalUrl` accepts half of this length. */
const MAX_HREF_CHARACTERS = 4_096;
const MAX_TITLE = 300;
/**
 * This much text is parsed and resolved in one step, which takes some milliseconds. Then other tasks of the event loop
 * can run.
 */
const SLICE_CHARACTERS = 65_536;
const SLICE_HREFS = 1_000;
/**
 * The deepest nesting of elements. Browsers stop at 512. Elements that are never closed count too, and old pages have
 * many of them. For each tag that closes nothing, the parser searches all of them.
 */
const MAX_DEPTH = 1_000;

/** The content of these elements is not visible text, and their links don't count. */
const UNSEEN = new Set(['head', 'title', 'script', 'style', 'template', 'noscript']);

/** What is read from an HTML page. */
export interface ParsedPage {
  readonly title: string | null;
  /** Characters of visible text; a run of white space counts as one. */
  readonly textLength: number;
  /** Distinct links in canonical form, in the order of the page; only the first thousand. */
  readonly links: readonly string[];
  /** The number of distinct links, counted among the first 50,000. */
  readonly linkCount: number;
  /** The entries of `links` that the page permits robots to follow. */
  readonly followable: readonly string[];
}

/** The elements of the page are nested deeper than on any honest page. */
export class PageTooDeepError extends Error {
  override readonly name = 'PageTooDeepError';
}

/**
 * Parses an HTML page, in the encoding that the byte order mark, the content type or the page states.
 *
 * It builds no tree, so the cost of a page depends only on its length. (A parser that follows the standard took 100 s
 * for a mebibyte of `<b>`.) It works in slices, so that a long page does not delay heartbeats.
 *
 * @throws PageTooDeepError
 */
export async function parsePage(html: Buffer, url: string, contentType = ''): Promise<ParsedPage> {
  const reader = new PageReader();
  const parser = new Parser(reader);
  const text = htmlText(html, contentType);
  for (let at = 0; at < text.length; at += SLICE_CHARACTERS) {
    parser.write(text.slice(at, at + SLICE_CHARACTERS));
    await turn();
  }
  parser.end();
  return reader.page(url);
}

/** Collects the wanted data from the events of a parser. */
class PageReader {
  /** Each distinct link as the page contains it, and whether one of its anchors may be followed. */
  readonly #hrefs = new Map<string, boolean>();
  #base: string | undefined;
  #noneFollowed = false;
  #title = '';
  #titles = 0;
  #inTitle = false;
  #depth = 0;
  #unseen = 0;
  #textLength = 0;
  /** Whether there was white space that counts as one character if text follows it. */
  #space = false;

  onopentag(name: string, attributes: Readonly<Record<string, string>>): void {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) {
      throw new PageTooDeepError(`the page's elements lie within each other deeper than ${MAX_DEPTH} levels`);
    }
    const { href } = attributes;
    if (UNSEEN.has(name)) this.#unseen += 1;
    if (name === 'title') {
      this.#titles += 1;
      this.#inTitle = this.#titles === 1;
    } else if (name === 'base') this.#base ??= href;
    else if (name === 'meta' && attributes.name?.toLowerCase() === 'robots') {
      this.#noneFollowed ||= /\b(nofollow|none)\b/i.test(attributes.content ?? '');
    } else if ((name === 'a' || name === 'area') && href !== undefined && this.#unseen === 0) {
      this.#addHref(href, !/\bnofollow\b/i.test(attributes.rel ?? ''));
    }
  }

  onclosetag(name: string): void {
    this.#depth -= 1;
    if (UNSEEN.has(name)) this.#unseen -= 1;
    if (name === 'title') this.#inTitle = false;
  }

  ontext(text: string): void {
    if (this.#inTitle && this.#title.length < MAX_HREF_CHARACTERS) this.#title += text;
    if (this.#unseen > 0) return;
    for (const [run] of text.matchAll(/\s+|\S+/g)) {
      if (/^\s/.test(run)) this.#space = this.#textLength > 0;
      else {
        this.#textLength += run.length + (this.#space ? 1 : 0);
        this.#space = false;
      }
    }
  }

  #addHref(href: string, follow: boolean): void {
    const earlier = this.#hrefs.get(href);
    if (earlier === undefined && (this.#hrefs.size >= MAX_HREFS || href.length > MAX_HREF_CHARACTERS)) return;
    this.#hrefs.set(href, follow || earlier === true);
  }

  async page(url: string): Promise<ParsedPage> {
    const stated = this.#base ?? '';
    const base = (stated.length > MAX_HREF_CHARACTERS ? undefined : canonicalUrl(stated, url)) ?? url;
    const links = new Map<string, boolean>();
    let resolved = 0;
    for (const [href, follow] of this.#hrefs) {
      const link = canonicalUrl(href, base);
      if (link !== undefined) links.set(link, (follow && !this.#noneFollowed) || links.get(link) === true);
      resolved += 1;
      if (resolved % SLICE_HREFS === 0) await turn();
    }
    const listed = [...links].slice(0, MAX_LINKS);
    const title = this.#title.replace(/\s+/g, ' ').trim().slice(0, MAX_TITLE);
    return {
      title: title === '' ? null : title,
      textLength: this.#textLength,
      links: listed.map(([link]) => link),
      linkCount: links.size,
      followable: listed.filter(([, follow]) => follow).map(([link]) => link),
    };
  }
}
