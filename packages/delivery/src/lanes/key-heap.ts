interface Entry {
  readonly key: string;
  readonly value: number;
}

const FEW = 64;

/** Keys by a number each, with the lowest at hand: a heap, in which what was set anew or deleted is passed over. */
export class KeyHeap {
  readonly #values = new Map<string, number>();
  #heap: Entry[] = [];

  get(key: string): number | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: number): void {
    if (this.#values.get(key) === value) return;
    this.#values.set(key, value);
    this.#push({ key, value });
    if (this.#heap.length > 2 * this.#values.size + FEW) this.#tidy();
  }

  delete(key: string): void {
    this.#values.delete(key);
  }

  get first(): Entry | undefined {
    for (let [top] = this.#heap; top !== undefined; [top] = this.#heap) {
      if (this.#values.get(top.key) === top.value) return top;
      this.#pop();
    }
    return undefined;
  }

  /** In order they are a heap. */
  #tidy(): void {
    const entries = Array.from(this.#values, ([key, value]) => ({ key, value }));
    this.#heap = entries.sort((one, other) => one.value - other.value);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    for (let above = (at - 1) >> 1; at > 0 && heap[above]!.value > entry.value; above = (at - 1) >> 1) {
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (let below = 1; below < heap.length; below = 2 * at + 1) {
      if (below + 1 < heap.length && heap[below + 1]!.value < heap[below]!.value) below++;
      if (heap[below]!.value >= last.value) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
  }
}
