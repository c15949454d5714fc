const LINE_END = 0x0a;

/** How many lines a body has that say anything, whether they are line protocol or not. */
export function countLines(body: Uint8Array): number {
  let lines = 0;
  for (let from = 0; from < body.length; ) {
    const found = body.indexOf(LINE_END, from);
    const to = found === -1 ? body.length : found;
    if (to > from) lines++;
    from = to + 1;
  }
  return lines;
}
