import type { Tone } from './screen.ts';

const TONES: Readonly<Record<string, Tone>> = {
  complete: 'good',
  done: 'good',
  landed: 'good',
  loaded: 'good',
  succeeded: 'good',
  partial: 'warning',
  missing: 'warning',
  stopped: 'warning',
  aborted: 'warning',
  late: 'bad',
  failed: 'bad',
  cancelled: 'bad',
};

/** Returns the colour of a word that describes the state of a run or an item; undefined for other words. */
export function toneOf(word: string): Tone | undefined {
  return TONES[word];
}
