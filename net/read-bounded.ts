/**
 * Reads a body as text.
 *
 * @throws what `tooLong` returns if the body has more bytes than that. The rest is then not read.
 */
export async function readBounded(
  body: AsyncIterable<Uint8Array>,
  mostBytes: number,
  tooLong: () => Error,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw tooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
