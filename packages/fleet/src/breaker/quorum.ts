const MOST = 3;

/** A majority of the known members: at least 2, so that one bad replica decides nothing (1 when it is alone), at most 3. */
export function defaultQuorum(members: number): number {
  return members <= 1 ? 1 : Math.min(MOST, Math.max(2, Math.floor(members / 2) + 1));
}
