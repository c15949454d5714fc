/** Those who want a socket and must wait for one of somebody else's, by how many they have. */
export class Turns<O extends { readonly open: number }> {
  /** Index: how many sockets its origins have. In each, who came first is first. */
  readonly #byOpen: Array<Set<O>> = [];
  readonly #places = new Map<O, number>();

  get size(): number {
    return this.#places.size;
  }

  /** Puts `origin` where its number of sockets belongs, behind those that are there. */
  enter(origin: O): void {
    if (this.#places.get(origin) === origin.open) return;
    this.leave(origin);
    while (this.#byOpen.length <= origin.open) this.#byOpen.push(new Set());
    this.#byOpen[origin.open]!.add(origin);
    this.#places.set(origin, origin.open);
  }

  leave(origin: O): void {
    const place = this.#places.get(origin);
    if (place === undefined) return;
    this.#byOpen[place]!.delete(origin);
    this.#places.delete(origin);
  }

  /** Whose turn it is: of those with the fewest sockets the one that waits longest. */
  next(): O | undefined {
    if (this.#places.size === 0) return undefined;
    for (const origins of this.#byOpen) for (const origin of origins) return origin;
    return undefined;
  }
}
