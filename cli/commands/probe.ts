import { lookAtSource, type SourceLook } from '#transfer/index.ts';
import { guardFor } from '../copy/guard-for.ts';
import { headersOf } from '../copy/headers-of.ts';
import { urlProblem } from '../copy/s3-destination.ts';
import { EXIT } from '../exit-code.ts';
import { bytesText, countText, secondsText } from '../screen/quantities.ts';
import type { Screen } from '../screen/screen.ts';
import { UsageError } from '../screen/usage.ts';

export interface ProbeCommand {
  readonly header?: readonly string[];
  readonly openRange?: readonly string[];
  readonly json?: boolean;
}

/**
 * `sluice probe`: what a source is, and how it would land.
 *
 * @returns the exit code: failed where it would be refused.
 * @throws UsageError where the text is no URL, and what the source's answer throws.
 */
export async function probe(url: string, command: ProbeCommand, screen: Screen, signal: AbortSignal): Promise<number> {
  const problem = urlProblem(url);
  if (problem !== undefined) throw new UsageError(problem);
  const guard = guardFor([url], command.openRange ?? []);
  const look = await lookAtSource({ url, headers: headersOf(command.header ?? []) }, { guard, signal });
  if (command.json === true) screen.print(JSON.stringify(look));
  else {
    const lines = linesOf(look);
    const width = Math.max(...lines.map(([name]) => name.length));
    screen.print(look.url);
    for (const [name, value] of lines) screen.print(`  ${name.padEnd(width)}  ${value}`);
  }
  return look.lands === 'refused' ? EXIT.failed : EXIT.complete;
}

function linesOf(look: SourceLook): [name: string, value: string][] {
  const { bytes, bytesPerSecond, hashes } = look;
  return [
    ...(look.redirectsTo === undefined ? [] : [['redirects to', look.redirectsTo] as [string, string]]),
    ['length', bytes === undefined ? 'unknown' : `${bytesText(bytes)} (${bytes.toLocaleString('en')} bytes)`],
    ['type', look.contentType ?? 'unknown'],
    ...(look.contentEncoding === undefined ? [] : [['encoding', look.contentEncoding] as [string, string]]),
    ['version', versionOf(look)],
    ['hashes', hashes.length === 0 ? 'none stated' : hashes.join(', ')],
    ['lands', landsText(look)],
    ['first byte', `after ${secondsText(look.firstByteSeconds)}`],
    ...(bytesPerSecond === undefined
      ? []
      : [
          ['speed', `${bytesText(bytesPerSecond)}/s on one connection, over ${bytesText(look.bytesRead)}`] as [
            string,
            string,
          ],
        ]),
    ...(bytesPerSecond === undefined || bytes === undefined
      ? []
      : [['time', `about ${secondsText(bytes / bytesPerSecond)} at the speed of one connection`] as [string, string]]),
  ];
}

function versionOf({ etag, lastModified, hasStrongValidator }: SourceLook): string {
  const named = [
    etag === undefined ? [] : [`ETag ${etag}`],
    lastModified === undefined ? [] : [`Last-Modified ${lastModified}`],
  ]
    .flat()
    .join(', ');
  if (named === '') return 'not named: every run reads it anew';
  return hasStrongValidator ? named : `${named} (weak: it does not prove that two answers are of one file)`;
}

function landsText({ lands, parts }: SourceLook): string {
  switch (lands) {
    case 'one request':
      return 'by this one request';
    case 'ranges':
      return `in ${countText(parts ?? 1, 'part')}, in parallel; after a break it goes on with the next part`;
    case 'one stream':
      return 'in one stream; after a break it begins again';
    case 'refused':
      return 'not at all: nothing proves the end of its body. Allow it with --allow-unproven-end, or state its size or hash';
  }
}
