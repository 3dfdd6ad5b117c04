import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import { styleText } from 'node:util';
import { cutEnd } from './cut.ts';
import { oneLine, shown } from './shown.ts';

/** What a line of status says, for its colour. The word itself is always there too. */
export type Tone = 'good' | 'bad' | 'warning' | 'dim';

const COLOURS = { good: 'green', bad: 'red', warning: 'yellow', dim: 'dim' } as const;

/** The width where the output is no terminal: long enough for a path, short enough for a mail. */
const PLAIN_WIDTH = 120;

/**
 * Where a command's words go. Results go to standard output, progress and problems to standard error, so that a pipe gets only results.
 *
 * All of them go through one filter: what a terminal would act on is shown instead, but for our own colours.
 *
 * On a terminal, progress is one block that is drawn anew in its place. Elsewhere, a line is written whenever it has changed.
 */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  readonly #err: NodeJS.WriteStream;
  #isSilent = false;
  #drawn = 0;
  #last = '';

  constructor(out: NodeJS.WriteStream = process.stdout, err: NodeJS.WriteStream = process.stderr) {
    this.#out = out;
    this.#err = err;
  }

  /** Columns of standard output. */
  get width(): number {
    return this.#out.isTTY ? this.#out.columns : PLAIN_WIDTH;
  }

  /** Whether progress is drawn in place. */
  get isLive(): boolean {
    return this.#err.isTTY === true;
  }

  /** Colours a text where standard output takes colour: not in a pipe, and not with NO_COLOR. */
  readonly paint = (tone: Tone, text: string): string => styleText(COLOURS[tone], text, { stream: this.#out });

  /** Says nothing from now on: nobody reads any more. */
  silence(): void {
    this.#isSilent = true;
  }

  /** Colours a text for standard error, where that takes colour. */
  readonly paintBeside = (tone: Tone, text: string): string => styleText(COLOURS[tone], text, { stream: this.#err });

  /** A result. */
  print(text: string): void {
    if (this.#isSilent) return;
    this.clear();
    this.#out.write(`${shown(text)}\n`);
  }

  /** A word beside the results: an event of a run, a problem, a hint. */
  say(text: string): void {
    if (this.#isSilent) return;
    this.clear();
    this.#err.write(`${shown(text)}\n`);
  }

  /**
   * Shows how far it is.
   *
   * @param lines the block for a terminal; a line that is too long is cut.
   * @param plain the same in one line, for what is no terminal.
   * @param at when that was so. @default now
   */
  progress(lines: readonly string[], plain: string, at = new Date()): void {
    if (!this.isLive) {
      if (plain !== this.#last) this.#err.write(`${at.toISOString()}  ${oneLine(plain)}\n`);
      this.#last = plain;
      return;
    }
    this.clear();
    // The last column stays free: a full line would wrap on some terminals.
    const room = this.#err.columns - 1;
    this.#err.write(lines.map((line) => `${cutEnd(oneLine(line), room)}\n`).join(''));
    this.#drawn = lines.length;
  }

  /** Takes the block of progress away. */
  clear(): void {
    if (this.#drawn === 0) return;
    moveCursor(this.#err, 0, -this.#drawn);
    cursorTo(this.#err, 0);
    clearScreenDown(this.#err);
    this.#drawn = 0;
  }
}
