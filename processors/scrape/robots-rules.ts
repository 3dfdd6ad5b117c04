/**
 * No site that wants visitors has more rules with wildcards. Each rule costs a walk along the path of every page. A
 * file with more rules is treated as a prohibition.
 */
const MOST_WILDCARD_RULES = 5_000;

/** A text to search for, and where to continue in it after a mismatch (Knuth, Morris and Pratt). */
interface Part {
  readonly text: string;
  readonly back: Uint32Array;
}

/** A rule of robots.txt: the texts between its wildcards, in order. */
interface Rule {
  readonly allow: boolean;
  readonly parts: readonly Part[];
  /** The path has to end where the rule ends: the rule ended with `$`. */
  readonly toTheEnd: boolean;
  /** The longer rule has priority. */
  readonly length: number;
}

interface Group {
  readonly rules: Rule[];
  crawlDelaySeconds: number;
}

/** The rules of a robots.txt for one crawler. */
export interface RobotsRules {
  /** @param path of a URL with its query, in the form of the URL parser. */
  allows(path: string): boolean;
  readonly crawlDelaySeconds: number;
}

/**
 * Reads a robots.txt by RFC 9309, and its `Crawl-delay`. Of the rules that match a path, the longest decides; of two
 * equally long ones, the one that allows. Paths are compared as octets: `/%66oo` and `/foo` are the same, and so are
 * `/ü` and `/%C3%BC`.
 *
 * This is our own code, because robots-parser (last released in 2023) doesn't compare `/%66oo` with `/foo`, and takes
 * more than a second for one path if a hostile file contains `***`. Here a rule costs no more than one walk along the
 * path.
 *
 * @param agent the crawler's product token, in lower case.
 */
export function parseRobots(text: string, agent: string): RobotsRules {
  const groups = new Map<string, Group>();
  let current: Group[] = [];
  let inAgents = false;
  for (const line of text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/)) {
    const [, field = '', value = ''] = /^\s*([\w-]+)\s*:([^#]*)/.exec(line) ?? [];
    const name = field.toLowerCase();
    if (name === '' || name === 'sitemap') continue;
    if (name === 'user-agent') {
      if (!inAgents) current = [];
      current.push(groupOf(groups, value));
    } else {
      for (const group of current) addLine(group, name, value.trim());
    }
    inAgents = name === 'user-agent';
  }
  const group = groups.get(agent) ?? groups.get('*');
  const rules = group?.rules ?? [];
  const staysAway = rules.filter(({ parts }) => parts.length > 1).length > MOST_WILDCARD_RULES;
  return {
    allows: (path) => !staysAway && verdict(rules, normalised(path, false)),
    crawlDelaySeconds: group?.crawlDelaySeconds ?? 0,
  };
}

/** Several groups may name one crawler; their rules are joined. */
function groupOf(groups: Map<string, Group>, agent: string): Group {
  // "Sluice/1.0" means every version.
  const name = agent.trim().toLowerCase().replace(/\/.*$/, '').trim();
  const group = groups.get(name) ?? { rules: [], crawlDelaySeconds: 0 };
  groups.set(name, group);
  return group;
}

function addLine(group: Group, name: string, value: string): void {
  if (name === 'crawl-delay') {
    const seconds = Number(value);
    if (value !== '' && !Number.isNaN(seconds)) group.crawlDelaySeconds = seconds;
  }
  if ((name !== 'allow' && name !== 'disallow') || value === '') return;
  const toTheEnd = value.endsWith('$');
  const pattern = normalised(toTheEnd ? value.slice(0, -1) : value, true);
  const parts = pattern.split(/\*+/).map(partOf);
  group.rules.push({ allow: name === 'allow', parts, toTheEnd, length: pattern.length + (toTheEnd ? 1 : 0) });
}

function verdict(rules: readonly Rule[], path: string): boolean {
  let best: Rule | undefined;
  for (const rule of rules) {
    // This comparison costs less than a match, and excludes most rules of a long file.
    if (best !== undefined && (rule.length < best.length || (rule.length === best.length && !rule.allow))) continue;
    if (matches(rule, path)) best = rule;
  }
  return best?.allow ?? true;
}

/** Searches for each part at the first possible place. This is correct because wildcards are the only pattern. */
function matches({ parts, toTheEnd }: Rule, path: string): boolean {
  const [first, ...others] = parts;
  if (first === undefined || !path.startsWith(first.text)) return false;
  const last = toTheEnd ? others.pop() : undefined;
  let at = first.text.length;
  for (const part of others) {
    at = endOf(part, path, at);
    if (at < 0) return false;
  }
  if (!toTheEnd) return true;
  return last === undefined ? at === path.length : path.length - last.text.length >= at && path.endsWith(last.text);
}

function partOf(text: string): Part {
  const back = new Uint32Array(text.length);
  for (let at = 1, length = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    while (length > 0 && code !== text.charCodeAt(length)) length = back[length - 1] ?? 0;
    if (code === text.charCodeAt(length)) length += 1;
    back[at] = length;
  }
  return { text, back };
}

/**
 * Returns the end of the first occurrence of a part after a position; -1 if there is none. `indexOf` would go back for
 * each character of the path that begins the part, which is slow if all characters do.
 */
function endOf({ text, back }: Part, path: string, from: number): number {
  if (text === '') return from;
  let length = 0;
  for (let at = from; at < path.length; at++) {
    const code = path.charCodeAt(at);
    while (length > 0 && code !== text.charCodeAt(length)) length = back[length - 1] ?? 0;
    if (code === text.charCodeAt(length)) length += 1;
    if (length === text.length) return at + 1;
  }
  return -1;
}

const UNRESERVED = /[A-Za-z0-9._~-]/;

/**
 * Returns one spelling of a path: unreserved characters plain, characters outside ASCII or not allowed in a URL as
 * `%C3%BC`, hex digits in upper case. A literal `*` or `$` becomes `%2A` or `%24`; in a rule, a plain `*` is the
 * wildcard.
 */
function normalised(text: string, isRule: boolean): string {
  return text
    .toWellFormed()
    .replace(/%[0-9a-f]{2}/gi, (encoded) => {
      const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
      return UNRESERVED.test(character) ? character : encoded.toUpperCase();
    })
    .replace(/[^A-Za-z0-9._~%:/?#[\]@!&'()+,;=-]/gu, (character) => {
      if (character === '*') return isRule ? '*' : '%2A';
      if (character === '$') return '%24';
      return encodeURIComponent(character);
    });
}
