import type { Measured, Recorder } from '@breakwater/resilience';
import type { Turn } from '../flow/turn.js';
import { toMicroseconds } from '../probes/microseconds.js';
import type { FieldValue } from '../probes/probe.js';
import type { Target } from '../targets/target.js';
import { fieldsText, joinTags, nameText, type TagText, tagTexts, UNWRITABLE, type Unwritable } from './line.js';
import { POINT_METRICS } from './metrics.js';

/** The measurement of a turn itself. */
const TURN_MEASUREMENT = 'telemetry_turn';

/** What readings may not be called, because the point says something else by it. `time` is the database's own. */
const FIELDS_TAKEN: ReadonlySet<string> = new Set(['delay_ms', 'stalled', 'time']);

/**
 * Makes the lines of a turn: one for each reading, and one that says how the turn ended. All carry the instant the turn
 * was scheduled for and no trace of the replica, so that a turn polled twice is the same points; the real delay is a
 * field. Tags are the target's name and probe, its labels, and what the probe adds; where the probe's names clash with
 * those, they become `exported_…`, as they do in Prometheus.
 */
export class Points implements Measured {
  readonly #unwritable = new Map<Unwritable, number>(UNWRITABLE.map((reason) => [reason, 0]));

  toLines(turn: Turn): string[] {
    const own = ownTags(turn.target);
    const end = `,${fieldsText(circumstancesOf(turn))} ${BigInt(turn.instantMs) * 1_000_000n}`;
    const lines: string[] = [];
    for (const { measurement, tags, fields } of turn.readings) {
      const text = fieldsText(renamed(fields, FIELDS_TAKEN), this.#count);
      if (text === '') continue;
      const tagText = joinTags(tagTexts(renamed(tags, own.taken)), own.texts);
      lines.push(`${nameText(measurement)}${tagText} ${text}${end}`);
    }
    lines.push(`${TURN_MEASUREMENT}${joinTags(own.texts, [])} ${fieldsText(conclusionOf(turn))}${end}`);
    return lines;
  }

  readonly #count = (why: Unwritable): void => {
    this.#unwritable.set(why, this.#unwritable.get(why)! + 1);
  };

  measure(record: Recorder): void {
    for (const [reason, count] of this.#unwritable) record(POINT_METRICS.unwritable, { reason }, count);
  }
}

/** The tags of every point of a target. */
function ownTags({ name, probe, labels }: Target): { texts: TagText[]; taken: ReadonlySet<string> } {
  const tags = { ...labels, target: name, probe };
  return { texts: tagTexts(tags), taken: new Set([...Object.keys(tags), 'time']) };
}

/** What every point of a turn says: how late it was, and whether the event loop stood still meanwhile. */
function circumstancesOf(turn: Turn): Record<string, FieldValue> {
  const delay = { delay_ms: toMicroseconds(turn.delayMs) };
  return turn.stalledMs > 0 ? { ...delay, stalled: true } : delay;
}

function conclusionOf({ outcome, durationMs, error }: Turn): Record<string, FieldValue> {
  return {
    up: outcome === 'up' ? 1n : 0n,
    outcome,
    ...(durationMs !== undefined && { duration_ms: toMicroseconds(durationMs) }),
    ...(error !== undefined && { error: error.code }),
  };
}

function renamed<T>(record: Readonly<Record<string, T>>, taken: ReadonlySet<string>): Readonly<Record<string, T>> {
  for (const name in record) if (taken.has(name)) return rename(record, taken);
  return record;
}

function rename<T>(record: Readonly<Record<string, T>>, taken: ReadonlySet<string>): Readonly<Record<string, T>> {
  const result: Record<string, T> = {};
  for (const name of Object.keys(record)) {
    let free = name;
    if (taken.has(name)) {
      do free = `exported_${free}`;
      while (taken.has(free) || Object.hasOwn(record, free));
    }
    result[free] = record[name]!;
  }
  return result;
}
