import {
  type Hint,
  type HintReply,
  type HintRequest,
  LINGER_MS,
  MOST_HINTS,
  MOST_READ,
  type Say,
  TOMBSTONE_MS,
} from './hint-store.js';

const MOST_PURGED = 100;

interface Record {
  state: 'struck' | 'open' | 'closed';
  /** When the strikes of members end. */
  strikes: Map<string, number>;
  period: number;
  untilMs: number;
  attempts: number;
  holder: string;
  leaseEndsMs: number;
  /** When nothing of it matters any more. */
  endsMs: number;
}

/** What a store of hints decides, without clock or I/O: `breaker-sync.lua` says the same in Redis. */
export class HintBoard {
  readonly #epoch: string;
  readonly #records = new Map<string, Record>();
  readonly #seen = new Map<string, number>();
  #version = 0;
  /** The highest version that was forgotten. */
  #floor = 0;

  constructor(epoch: string) {
    this.#epoch = epoch;
  }

  /** `news`: something was decided that others should look at. */
  sync(request: HintRequest, nowMs: number): { readonly reply: HintReply; readonly news: boolean } {
    const before = this.#version;
    this.#seen.set(request.member, nowMs);
    this.#purge(nowMs);
    let refused = 0;
    for (const say of request.says) if (!this.#hear(say, request, nowMs)) refused++;
    return { reply: this.#answer(request, nowMs, refused), news: this.#version > before };
  }

  #answer({ epoch, since, says, silentMs }: HintRequest, nowMs: number, refused: number): HintReply {
    const full = since === 0 || epoch !== this.#epoch || since > this.#version || since < this.#floor;
    const from = full ? 0 : since;
    const news = [...this.#records].filter(([, { state, period }]) => state !== 'struck' && period > from);
    news.sort(([, one], [, other]) => one.period - other.period);
    const more = news.length > MOST_READ;
    const read = news.slice(0, MOST_READ);
    const asked = new Set(says.filter(({ verb }) => verb === 'probe').map(({ key }) => key));
    for (const [key] of read) asked.delete(key);
    const hints = read.map(([key, record]) => hintOf(key, record, nowMs));
    for (const key of asked) {
      const record = this.#records.get(key);
      if (record !== undefined && record.state !== 'struck') hints.push(hintOf(key, record, nowMs));
    }
    const version = more ? read.at(-1)![1].period : this.#version;
    const members = [...this.#seen.values()].filter((seenMs) => nowMs - seenMs <= silentMs).length;
    return { epoch: this.#epoch, version, full, more, members, refused, hints, damaged: 0 };
  }

  /** Returns whether there was room for it. */
  #hear(say: Say, request: HintRequest, nowMs: number): boolean {
    const { member } = request;
    const record = this.#records.get(say.key);
    if (say.verb === 'strike') return this.#strike(say, record, request, nowMs);
    if (record === undefined) return true;
    if (say.verb === 'relief') {
      record.strikes.delete(member);
      if (record.state === 'struck' && record.strikes.size === 0) this.#records.delete(say.key);
      return true;
    }
    if (record.state !== 'open') return true;
    const held = record.holder !== '' && record.leaseEndsMs > nowMs;
    const mine = record.holder === member;
    if (say.verb === 'yield') {
      if (mine) record.holder = '';
    } else if (say.period === record.period) {
      if (say.verb === 'closed') this.#close(record, nowMs);
      else if (say.verb === 'failed') {
        if (mine || !held) this.#open(record, say, nowMs);
      } else if ((mine || !held) && nowMs >= record.untilMs) {
        record.holder = member;
        record.leaseEndsMs = nowMs + say.leaseMs;
        record.endsMs = record.leaseEndsMs + LINGER_MS;
      }
    }
    return true;
  }

  #strike(
    say: Extract<Say, { verb: 'strike' }>,
    present: Record | undefined,
    { member, quorum, silentMs }: HintRequest,
    nowMs: number,
  ): boolean {
    if (present?.state === 'open') return true;
    const record = present ?? this.#newRecord(say.key);
    if (record === undefined) return false;
    record.strikes.set(member, nowMs + say.forMs);
    for (const [id, endsMs] of record.strikes) {
      if (endsMs <= nowMs || nowMs - (this.#seen.get(id) ?? 0) > silentMs) record.strikes.delete(id);
    }
    record.endsMs = Math.max(record.endsMs, nowMs + say.forMs);
    if (record.strikes.size >= quorum) this.#open(record, say, nowMs);
    return true;
  }

  #newRecord(key: string): Record | undefined {
    if (this.#records.size >= MOST_HINTS) return undefined;
    const record: Record = {
      state: 'struck',
      strikes: new Map(),
      period: 0,
      untilMs: 0,
      attempts: 0,
      holder: '',
      leaseEndsMs: 0,
      endsMs: 0,
    };
    this.#records.set(key, record);
    return record;
  }

  #open(record: Record, { openMs, attempts }: { openMs: number; attempts: number }, nowMs: number): void {
    const before = record.state === 'open' ? record.attempts : 0;
    record.state = 'open';
    record.strikes.clear();
    record.period = this.#next(nowMs);
    record.untilMs = nowMs + openMs;
    record.attempts = Math.max(before, attempts);
    record.holder = '';
    record.leaseEndsMs = 0;
    record.endsMs = record.untilMs + LINGER_MS;
  }

  #close(record: Record, nowMs: number): void {
    record.state = 'closed';
    record.strikes.clear();
    record.period = this.#next(nowMs);
    record.holder = '';
    record.leaseEndsMs = 0;
    record.endsMs = nowMs + TOMBSTONE_MS;
  }

  #next(nowMs: number): number {
    this.#version = Math.max(this.#version + 1, Math.floor(nowMs * 1_000));
    return this.#version;
  }

  #purge(nowMs: number): void {
    let purged = 0;
    for (const [key, { endsMs, period }] of this.#records) {
      if (endsMs > nowMs) continue;
      this.#records.delete(key);
      this.#floor = Math.max(this.#floor, period);
      if (++purged === MOST_PURGED) return;
    }
    for (const [id, seenMs] of this.#seen) if (nowMs - seenMs > LINGER_MS) this.#seen.delete(id);
  }
}

function hintOf(key: string, record: Record, nowMs: number): Hint {
  const { period, attempts, untilMs, leaseEndsMs } = record;
  const state = record.state === 'open' ? 'open' : 'closed';
  const holder = leaseEndsMs > nowMs ? record.holder : '';
  const leaseMs = holder === '' ? 0 : leaseEndsMs - nowMs;
  return { key, state, period, leftMs: state === 'open' ? untilMs - nowMs : 0, attempts, holder, leaseMs };
}
