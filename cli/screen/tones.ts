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

/** The colour of a word that says how a run or an item stands; undefined for words of no weight. */
export function toneOf(word: string): Tone | undefined {
  return TONES[word];
}
