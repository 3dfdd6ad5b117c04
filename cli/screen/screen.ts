import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import { styleText } from 'node:util';
import { cutEnd } from './cut.ts';
import { oneLine, shown } from './shown.ts';

/** The meaning of a status text, which decides its colour. The text always says it too. */
export type Tone = 'good' | 'bad' | 'warning' | 'dim';

const COLOURS = { good: 'green', bad: 'red', warning: 'yellow', dim: 'dim' } as const;

/** The width if the output is not a terminal: long enough for a path, short enough for a mail. */
const PLAIN_WIDTH = 120;

/**
 * The output of a command. Results go to standard output, progress and problems to standard error, so that a pipe
 * receives only results.
 *
 * All text passes one filter: control sequences of a terminal are made visible, except our own colours.
 *
 * On a terminal, progress is one block that is redrawn in its place. Otherwise, a line is written when it has changed.
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

  /** The columns of standard output. */
  get width(): number {
    return this.#out.isTTY ? this.#out.columns : PLAIN_WIDTH;
  }

  /** The columns of standard error. Without a terminal, no line is broken: a program reads them. */
  get widthBeside(): number {
    return this.#err.isTTY ? this.#err.columns : Number.POSITIVE_INFINITY;
  }

  /** Whether progress is redrawn in its place. */
  get isLive(): boolean {
    return this.#err.isTTY === true;
  }

  /** Colours a text if standard output supports colours: not in a pipe, and not with NO_COLOR. */
  readonly paint = (tone: Tone, text: string): string => styleText(COLOURS[tone], text, { stream: this.#out });

  /** Writes nothing from now on, because nothing reads the output any more. */
  silence(): void {
    this.#isSilent = true;
  }

  /** Colours a text for standard error, if that supports colours. */
  readonly paintBeside = (tone: Tone, text: string): string => styleText(COLOURS[tone], text, { stream: this.#err });

  /** Writes a result. */
  print(text: string): void {
    if (this.#isSilent) return;
    this.clear();
    this.#out.write(`${shown(text)}\n`);
  }

  /** Writes a text that is not a result: an event of a run, a problem, a hint. */
  say(text: string): void {
    if (this.#isSilent) return;
    this.clear();
    this.#err.write(`${shown(text)}\n`);
  }

  /**
   * Shows the progress.
   *
   * @param lines the block for a terminal; a line that is too long is shortened.
   * @param plain the same in one line, for output without a terminal.
   * @param at the time of this state. @default now
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

  /** Removes the block of progress. */
  clear(): void {
    if (this.#drawn === 0) return;
    moveCursor(this.#err, 0, -this.#drawn);
    cursorTo(this.#err, 0);
    clearScreenDown(this.#err);
    this.#drawn = 0;
  }
}
