import type { HandedOver } from './handed-over.ts';

/** The answer, or the request, is not one that the fast lane takes without doubt: undici has to, and nobody else hears of it. */
export class LaneDeviation extends Error {
  override readonly name = 'LaneDeviation';
  /** The connection with the answer, where one had begun. Whoever catches this reads on from it, or destroys it. */
  connection: HandedOver | undefined;
}
