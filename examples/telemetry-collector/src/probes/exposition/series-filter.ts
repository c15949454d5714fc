import { matchesGlob } from './glob.js';

/** Which series to keep, by patterns of their names such as `node_load1` or `node_network_*_bytes_total`. */
export class SeriesFilter {
  readonly #patterns: readonly string[];
  #lastName = '';
  #lastVerdict = false;

  constructor(patterns: readonly string[]) {
    this.#patterns = patterns;
  }

  keeps(name: string): boolean {
    // Series of one name stand together, so that the last answer is nearly always the one that is needed.
    if (name === this.#lastName) return this.#lastVerdict;
    this.#lastName = name;
    this.#lastVerdict = this.#patterns.some((pattern) => matchesGlob(pattern, name));
    return this.#lastVerdict;
  }
}
