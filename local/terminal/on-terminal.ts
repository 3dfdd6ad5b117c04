import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ScreenText } from './screen-text.ts';

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const ROWS = 50;

/** A command that has ended, and the text on its terminal. */
export interface Shown {
  readonly text: string;
  readonly code: number;
  /** The text on the terminal at several times while the command ran. */
  readonly frames: readonly { readonly seconds: number; readonly text: string }[];
}

/**
 * Runs the real `sluice` on a terminal, which util-linux's `script` provides.
 *
 * @param options.columns the width of the terminal.
 * @param options.env the whole environment.
 * @param options.frameSeconds the pause between two stored frames. @default no frames
 */
export function onTerminal(
  args: readonly string[],
  options: { columns: number; env: NodeJS.ProcessEnv; frameSeconds?: number },
): Promise<Shown> {
  const { columns, env, frameSeconds } = options;
  const command = [process.execPath, MAIN, ...args].map(quoted).join(' ');
  const child = spawn('script', ['-qec', `stty cols ${columns} rows ${ROWS}; exec ${command}`, '/dev/null'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const screen = new ScreenText();
  const began = performance.now();
  const frames: { seconds: number; text: string }[] = [];
  const timer =
    frameSeconds === undefined
      ? undefined
      : setInterval(() => {
          const text = screen.toString();
          if (text !== frames.at(-1)?.text) frames.push({ seconds: (performance.now() - began) / 1_000, text });
        }, frameSeconds * 1_000);
  child.stdout.setEncoding('utf8').on('data', (text: string) => screen.write(text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearInterval(timer);
      resolve({ text: screen.toString(), code: code ?? -1, frames });
    });
  });
}

function quoted(word: string): string {
  return /^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command as a person types it. */
export function typed(args: readonly string[]): string {
  return ['$ npx sluice', ...args.map(quoted)].join(' ');
}
