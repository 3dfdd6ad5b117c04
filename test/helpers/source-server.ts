/**
 * A source that misbehaves on demand, for tests of the transfer engine.
 *
 * ```ts
 * await using source = await startSourceServer({
 *   file: { seed: 7, length: 50_000_000 },
 *   rules: [
 *     { when: { offset: 8_388_608, nth: 1 }, faults: faults.cut(1_000_000, 'reset') },
 *     { when: { nth: (n) => n > 5 }, faults: faults.version({ seed: 8, etag: '"v2"' }) },
 *   ],
 * });
 * // … transfer source.url …
 * expect(landed.sha256).toBe(contentSha256(7, 50_000_000));
 * expect(source.coverage()).toEqual({ once: 50_000_000, again: 1_000_000 });
 * ```
 */
export { type Certificate, selfSignedCertificate } from './source/certificate.ts';
export {
  type ContentHashes,
  contentBytes,
  contentHashes,
  contentSha256,
  contentViews,
  type Seed,
} from './source/content.ts';
export type { Fault, FaultRule } from './source/fault.ts';
export * as faults from './source/faults.ts';
export { type SourceServer, type SourceServerOptions, startSourceServer } from './source/server.ts';
