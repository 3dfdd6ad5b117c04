import { type Content, NO_CONTENT } from './content.ts';

const LINE_FEED = 0x0a;

/** Counts lines; a last one without a line feed is one too. */
export async function readText(source: AsyncGenerator<Buffer>): Promise<Content> {
  let records = 0;
  let open = false;
  for await (const chunk of source) {
    for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, at + 1)) records++;
    open = chunk.at(-1) !== LINE_FEED;
  }
  return { ...NO_CONTENT, records: records + (open ? 1 : 0) };
}

/** Reads to the end, for what is counted on the way there. */
export async function readNothing(source: AsyncGenerator<Buffer>): Promise<Content> {
  for await (const _ of source);
  return NO_CONTENT;
}
