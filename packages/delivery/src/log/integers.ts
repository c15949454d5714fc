const TWO_32 = 2 ** 32;

/** Integers up to 2^53 as two little-endian halves: BigInt costs an allocation each. */
export function writeU64(into: Buffer, at: number, value: number): void {
  into.writeUInt32LE(value % TWO_32, at);
  into.writeUInt32LE(Math.floor(value / TWO_32), at + 4);
}

export const readU64 = (bytes: Buffer, at: number): number =>
  bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * TWO_32;
