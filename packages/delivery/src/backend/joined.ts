/** The pieces one behind the other; where they lie so in memory already, nothing is copied. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const first = pieces[0]!;
  let end = first.byteOffset;
  for (const { buffer, byteOffset, length } of pieces) {
    if (buffer !== first.buffer || byteOffset !== end) return Buffer.concat(pieces);
    end += length;
  }
  return new Uint8Array(first.buffer, first.byteOffset, end - first.byteOffset);
}
