/** What can stand in a chain: the links belong to the chain, and it can stand in one at a time. */
export interface Linked<T> {
  /** @internal */
  ahead: T | undefined;
  /** @internal */
  behind: T | undefined;
}

/** A queue out of whose middle an element can leave in O(1), as whoever waits may stop waiting. */
export class Chain<T extends Linked<T>> {
  #first: T | undefined;
  #last: T | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#first;
  }

  get last(): T | undefined {
    return this.#last;
  }

  push(element: T): void {
    element.ahead = this.#last;
    if (this.#last === undefined) this.#first = element;
    else this.#last.behind = element;
    this.#last = element;
    this.#size++;
  }

  /** Puts `element` before all others. */
  unshift(element: T): void {
    element.behind = this.#first;
    if (this.#first === undefined) this.#last = element;
    else this.#first.ahead = element;
    this.#first = element;
    this.#size++;
  }

  /** `element` must stand in this chain. */
  remove(element: T): void {
    if (element.ahead === undefined) this.#first = element.behind;
    else element.ahead.behind = element.behind;
    if (element.behind === undefined) this.#last = element.ahead;
    else element.behind.ahead = element.ahead;
    element.ahead = undefined;
    element.behind = undefined;
    this.#size--;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let element = this.#first; element !== undefined; element = element.behind) yield element;
  }
}
