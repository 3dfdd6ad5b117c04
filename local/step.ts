import { Listr, PRESET_TIMER } from 'listr2';
import { printable } from '#net/printable.ts';

/**
 * Does one step and shows it: on a terminal as a line with a spinner and the latest text under it, otherwise as plain
 * lines.
 *
 * @param work receives a function that shows a line of progress.
 * @throws what the work throws; the caller shows the error.
 */
export async function step<T>(title: string, work: (say: (line: string) => void) => Promise<T>): Promise<T> {
  let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
  const list = new Listr(
    {
      title,
      task: async (_, task) => {
        try {
          outcome = {
            value: await work((line) => {
              task.output = printable(line);
            }),
          };
        } catch (error) {
          outcome = { error };
          // The renderer shows this message; the caller will show the whole error.
          throw new Error(error instanceof Error ? error.name : 'error');
        }
      },
    },
    {
      renderer: 'default',
      rendererOptions: { showErrorMessage: false, timer: PRESET_TIMER },
      fallbackRenderer: 'simple',
      fallbackRendererOptions: { timer: PRESET_TIMER },
      // Ctrl-C stops the run in order; the renderer would end the process.
      registerSignalListeners: false,
    },
  );
  // The outcome says more than the renderer's own error.
  await list.run().catch(() => {});
  if (outcome === undefined) throw new Error(`the step "${title}" ended without a result`);
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}
