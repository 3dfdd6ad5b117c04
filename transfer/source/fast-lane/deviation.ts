/**
 * The answer, or the request, is not one that the fast lane takes without doubt. Its connection is closed; undici asks
 * again, and nobody else hears of it.
 */
export class LaneDeviation extends Error {
  override readonly name = 'LaneDeviation';
}
