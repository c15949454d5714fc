/** The `limit` items of the highest rank, highest first, in one pass. Items without a rank are left out. */
export function worst<T>(items: Iterable<T>, limit: number, rankOf: (item: T) => number | undefined): T[] {
  const best: Array<{ item: T; rank: number }> = [];
  for (const item of items) {
    const rank = rankOf(item);
    if (rank === undefined || (best.length === limit && rank <= best[limit - 1]!.rank)) continue;
    let place = best.length;
    while (place > 0 && best[place - 1]!.rank < rank) place--;
    best.splice(place, 0, { item, rank });
    if (best.length > limit) best.pop();
  }
  return best.map(({ item }) => item);
}
