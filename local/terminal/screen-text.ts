/**
 * The characters and sequences that our commands write: letters, line ends, and the sequences for a block that is
 * redrawn.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's escapes begin with one.
const PIECES = /\x1b\[(\d*)([A-Za-z])|\r|\n|[^\x1b\r\n]+/g;

/**
 * The text that a terminal shows, without its colours, computed from the received bytes. It has as many rows as the
 * text needs.
 */
export class ScreenText {
  readonly #rows: string[] = [];
  #row = 0;
  #column = 0;

  write(text: string): void {
    for (const [piece, count, command] of text.matchAll(PIECES)) {
      if (command !== undefined) this.#control(command, Number(count || 1));
      else if (piece === '\r') this.#column = 0;
      else if (piece === '\n') this.#row += 1;
      else this.#put(piece);
    }
  }

  toString(): string {
    return Array.from(this.#rows, (row = '') => row.trimEnd())
      .join('\n')
      .trimEnd();
  }

  #put(text: string): void {
    const row = (this.#rows[this.#row] ?? '').padEnd(this.#column);
    this.#rows[this.#row] = row.slice(0, this.#column) + text + row.slice(this.#column + text.length);
    this.#column += text.length;
  }

  #control(command: string, count: number): void {
    if (command === 'A') this.#row = Math.max(0, this.#row - count);
    else if (command === 'G') this.#column = count - 1;
    else if (command === 'J') {
      this.#rows[this.#row] = (this.#rows[this.#row] ?? '').slice(0, this.#column);
      this.#rows.length = this.#row + 1;
    }
  }
}
