/** Something that a heap holds. The place belongs to the heap. */
export interface HeapItem {
  /** Where the heap keeps it; -1 when it is in none. */
  place: number;
}

/** A binary heap, smallest first, from which anything can be taken out. Adding and taking out cost O(log n). */
export class Heap<T extends HeapItem> {
  readonly #before: (one: T, other: T) => boolean;
  #items: T[] = [];

  constructor(before: (one: T, other: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  add(item: T): void {
    item.place = this.#items.length;
    this.#items.push(item);
    this.#rise(item);
  }

  remove(item: T): void {
    const place = item.place;
    if (this.#items[place] !== item) return;
    item.place = -1;
    const last = this.#items.pop()!;
    if (last === item) return;
    this.#put(last, place);
    this.moved(last);
  }

  /** Finds the item's place again after what it is ordered by has changed. */
  moved(item: T): void {
    this.#sink(item);
    this.#rise(item);
  }

  #put(item: T, place: number): void {
    this.#items[place] = item;
    item.place = place;
  }

  #rise(item: T): void {
    while (item.place > 0) {
      const place = item.place;
      const parent = this.#items[(place - 1) >> 1]!;
      if (!this.#before(item, parent)) return;
      this.#put(item, parent.place);
      this.#put(parent, place);
    }
  }

  #sink(item: T): void {
    for (;;) {
      const place = item.place;
      const left = this.#items[2 * place + 1];
      const right = this.#items[2 * place + 2];
      const child = left !== undefined && right !== undefined && this.#before(right, left) ? right : left;
      if (child === undefined || !this.#before(child, item)) return;
      this.#put(item, child.place);
      this.#put(child, place);
    }
  }
}
