import { createHash } from 'node:crypto';

/** A checksum of a set of texts, whatever order they come in: the sums of the words of their hashes. */
export class Digest {
  readonly #sums = new Uint32Array(4);

  add(text: string): void {
    const hash = createHash('sha256').update(text).digest();
    for (let word = 0; word < 4; word++) this.#sums[word]! += hash.readUInt32LE(word * 4);
  }

  equals(other: Digest): boolean {
    return this.#sums.every((sum, index) => sum === other.#sums[index]);
  }
}
