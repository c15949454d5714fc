/** Something that can be in one list at a time. The links belong to the list. */
export interface Linked<N> {
  previous: N | undefined;
  next: N | undefined;
}

/** First come, first served, and whoever is in it can leave in O(1). */
export class LinkedList<N extends Linked<N>> {
  first: N | undefined;
  last: N | undefined;
  length = 0;

  push(node: N): void {
    node.previous = this.last;
    if (this.last === undefined) this.first = node;
    else this.last.next = node;
    this.last = node;
    this.length++;
  }

  remove(node: N): void {
    if (node.previous === undefined) this.first = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) this.last = node.previous;
    else node.next.previous = node.previous;
    node.previous = undefined;
    node.next = undefined;
    this.length--;
  }

  shift(): N | undefined {
    const node = this.first;
    if (node !== undefined) this.remove(node);
    return node;
  }

  /** Empties the list: what was in it, first come first. */
  takeAll(): N[] {
    const nodes = new Array<N>(this.length);
    for (let index = 0; index < nodes.length; index++) nodes[index] = this.shift()!;
    return nodes;
  }
}
