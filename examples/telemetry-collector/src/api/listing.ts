import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** How many items are written before the event loop gets its turn: about a millisecond's worth. */
const SLICE = 200;

/** A JSON object with one long list, written in slices, so that twenty thousand targets do not hold up the event loop. */
export function streamListing(
  head: Readonly<Record<string, unknown>>,
  listName: string,
  items: Iterable<unknown>,
): Readable {
  return Readable.from(slices(head, listName, items), { objectMode: false });
}

async function* slices(
  head: Readonly<Record<string, unknown>>,
  listName: string,
  items: Iterable<unknown>,
): AsyncGenerator<string> {
  const opening = JSON.stringify(head).slice(0, -1);
  let text = `${opening}${opening === '{' ? '' : ','}${JSON.stringify(listName)}:[`;
  let written = 0;
  for (const item of items) {
    text += `${written++ === 0 ? '' : ','}\n${JSON.stringify(item)}`;
    if (written % SLICE !== 0) continue;
    yield text;
    text = '';
    await nextTurn();
  }
  yield `${text}\n]}\n`;
}
