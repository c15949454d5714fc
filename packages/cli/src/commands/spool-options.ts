import { UsageError } from '../command.js';
import { serverUrl, wholeNumber } from '../values.js';

/** Options that several of the `spool` commands have. */
export const DIR = { value: 'SPOOL_DIR', help: 'the folder that holds slot-1, slot-2, …', required: true } as const;
export const JSON_OUTPUT = { help: 'print JSON' } as const;

/** Which lines: for `cat` and `export`. */
export const SELECTION = {
  slot: { value: 'N', help: 'of slot-N only' },
  from: { value: 'SEQ', help: 'from this frame on' },
  to: { value: 'SEQ', help: 'up to and with this frame' },
  lane: { value: 'URL', help: 'what is for this backend' },
  pending: { help: 'with --lane: only what it still owes' },
  quarantined: { help: 'lines that backends refused, instead of the log' },
} as const;

interface Chosen {
  readonly slot: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly lane: string | undefined;
  readonly pending: boolean;
  readonly quarantined: boolean;
}

export function selectionOf(values: Chosen) {
  const { pending, quarantined, lane } = values;
  if (pending && lane === undefined) throw new UsageError('--pending needs --lane: each lane owes something else');
  if (pending && quarantined) throw new UsageError('--pending and --quarantined exclude each other');
  return {
    slot: wholeNumber('slot', values.slot, 1),
    fromSeq: wholeNumber('from', values.from),
    toSeq: wholeNumber('to', values.to),
    lane: lane === undefined ? undefined : serverUrl('lane', lane),
    pending,
  };
}
