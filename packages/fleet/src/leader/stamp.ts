import { HIGHEST_TOKEN } from './lease-store.js';

/** What the last leader that acted on a workload left there: a label, an annotation. */
export interface Stamp {
  readonly token: number;
  readonly holder: string;
}

const HOLDER = /^[\x21-\x7e]{1,200}$/;
const TEXT = /^(\d{1,16}) ([\x21-\x7e]{1,200})$/;

/** Whether it can be part of a stamp: 1 to 200 characters of printable ASCII without spaces. */
export const isHolder = (text: string): boolean => HOLDER.test(text);

/** One line of ASCII that fits into a label or an annotation. */
export const stampText = ({ token, holder }: Stamp): string => `${token} ${holder}`;

/**
 * Reads what `stampText` wrote.
 * @throws Error when it is something else; without a stamp that can be compared nobody may act.
 */
export function readStamp(text: string): Stamp {
  const [, digits, holder] = TEXT.exec(text) ?? [];
  const token = Number(digits);
  if (holder === undefined || token === 0 || token > HIGHEST_TOKEN) {
    throw new Error(
      `the workload carries ${JSON.stringify(text.slice(0, 100))} where a leader's stamp belongs; remove it, and the next leader stamps anew`,
    );
  }
  return { token, holder };
}

export const isSameStamp = (a: Stamp, b: Stamp): boolean => a.token === b.token && a.holder === b.holder;

/** Whether whoever left `other` may have acted after `stamp` was issued; of two equal tokens neither yields to the other. */
export const outranks = (other: Stamp, stamp: Stamp): boolean =>
  other.token > stamp.token || (other.token === stamp.token && other.holder !== stamp.holder);
