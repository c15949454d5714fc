import type { Load } from './load.js';
import type { Member } from './membership.js';
import type { Admitted, Beat, BeatReply } from './membership-store.js';

/** What is known of one member. */
interface Entry {
  readonly incarnation: string;
  readonly sequence: number;
  readonly leaseEndMs: number;
  /** The version at which it began to share; 0: it does not. */
  readonly joined: number;
  readonly applied: number;
  readonly waitUntilMs: number;
  readonly load: Load;
}

const ENDS_TOLD = 32;
const REMEMBERED_MS = 300_000;
/** The incarnation of one that left while an earlier run of its id may hold something: sorts before all. */
const LEFT = '-';

/** The steps of beat.lua and leave.lua over plain memory, told the time. Plain data: it can be copied, and put back. */
export class MemberBook {
  readonly entries: Map<string, Entry> = new Map();
  /** Who left, and until when that is remembered: by id and incarnation. */
  readonly left: Map<string, number> = new Map();
  epoch = '';
  version = 0;
  removedAtMs = 0;
  releasedAtMs = 0;

  /** What it answers, and which version to tell everybody of, if any. */
  beat(beat: Beat, nowMs: number): { reply: BeatReply; told?: number } {
    const { id, incarnation } = beat;
    const before = this.version;
    const known = this.entries.get(id);
    const present = known !== undefined && known.leaseEndMs > nowMs ? known : undefined;
    if (present !== undefined && present.incarnation > incarnation && beat.leaseEndMs > 0)
      return { reply: { superseded: true, nowMs } };
    // It came late, on another connection than the farewell: nobody waits for the answer.
    if ((this.left.get(`${id} ${incarnation}`) ?? 0) > nowMs) return { reply: { superseded: true, nowMs } };
    this.#expire(nowMs);
    const same = present?.incarnation === incarnation ? present : undefined;
    const forgot =
      beat.known > before || (same === undefined ? beat.leaseEndMs > nowMs : same.leaseEndMs < beat.leaseEndMs);
    if (this.epoch === '' || forgot) this.epoch = `${incarnation}.${beat.sequence}`;
    const isLate = same !== undefined && beat.sequence <= same.sequence;
    const entry = isLate ? same : this.#admit(beat, present, nowMs, this.version !== before);
    const applies = !isLate && entry.joined > 0 && entry.applied > (present?.applied ?? 0);
    const settled = applies && this.#behind(this.version) === 0;
    const reply = this.#reply(beat, entry, nowMs);
    return this.version !== before || settled ? { reply, told: this.version } : { reply };
  }

  /** @returns the version to tell everybody of, if any. */
  leave(id: string, incarnation: string, stoppedAtMs: number, nowMs: number): number | undefined {
    for (const [run, untilMs] of this.left) if (untilMs <= nowMs) this.left.delete(run);
    this.left.set(`${id} ${incarnation}`, nowMs + REMEMBERED_MS);
    const entry = this.entries.get(id);
    if (entry?.incarnation !== incarnation) return undefined;
    if (entry.waitUntilMs > nowMs) {
      this.entries.set(id, { ...entry, incarnation: LEFT, leaseEndMs: entry.waitUntilMs });
      return undefined;
    }
    this.entries.delete(id);
    if (entry.joined === 0) return undefined;
    this.#change(nowMs);
    this.removedAtMs = Math.max(this.removedAtMs, Math.min(stoppedAtMs, nowMs));
    return this.version;
  }

  members(nowMs: number): Member[] {
    return [...this.entries]
      .filter(([, { leaseEndMs }]) => leaseEndMs > nowMs)
      .map(([id, { leaseEndMs, load }]) => ({ id, leaseEndsAt: leaseEndMs, load }));
  }

  #admit(beat: Beat, present: Entry | undefined, nowMs: number, isChanged: boolean): Entry {
    const same = present?.incarnation === beat.incarnation;
    const waitUntilMs =
      present === undefined || same ? (present?.waitUntilMs ?? 0) : Math.max(present.waitUntilMs, present.leaseEndMs);
    let joined = beat.shares ? (present?.joined ?? 0) : 0;
    const joins = beat.shares && joined === 0;
    if (joins) {
      if (!isChanged) this.#change(nowMs);
      joined = this.version;
      this.releasedAtMs = 0;
    }
    const counted = joins ? 0 : (present?.applied ?? 0);
    const entry: Entry = {
      incarnation: beat.incarnation,
      sequence: beat.sequence,
      leaseEndMs: nowMs + 1 + beat.leaseMs,
      joined,
      applied: waitUntilMs > nowMs ? counted : beat.applied,
      waitUntilMs,
      load: beat.load ?? {},
    };
    this.entries.set(beat.id, entry);
    if (beat.shares) this.#released(Math.min(beat.stoppedAtMs, nowMs));
    return entry;
  }

  #reply(beat: Beat, entry: Entry, nowMs: number): Admitted {
    const knows = beat.known === this.version && beat.epoch === this.epoch;
    return {
      superseded: false,
      nowMs,
      leaseEndMs: entry.leaseEndMs,
      epoch: this.epoch,
      version: this.version,
      joined: entry.joined,
      waitUntilMs: entry.waitUntilMs,
      ids: beat.shares && !knows ? this.#sharers().map(([id]) => id) : undefined,
      behind: beat.shares ? this.#behind(entry.joined) - (entry.applied < entry.joined ? 1 : 0) : 0,
      removedAtMs: this.removedAtMs,
      releasedAtMs: this.releasedAtMs,
      leaseEnds: beat.shares ? this.#leaseEnds() : [],
      members: this.entries.size,
    };
  }

  #released(stoppedAtMs: number): void {
    if (stoppedAtMs === 0) return;
    this.releasedAtMs = this.releasedAtMs === 0 ? stoppedAtMs : Math.min(this.releasedAtMs, stoppedAtMs);
  }

  #sharers(): [string, Entry][] {
    return [...this.entries].filter(([, { joined }]) => joined > 0);
  }

  #leaseEnds(): [string, number][] {
    const ends = this.#sharers().map(([id, { leaseEndMs }]): [string, number] => [id, leaseEndMs]);
    return ends.sort(([, one], [, other]) => one - other).slice(0, ENDS_TOLD);
  }

  #behind(version: number): number {
    return this.#sharers().filter(([, { applied }]) => applied < version).length;
  }

  #expire(nowMs: number): void {
    const over = [...this.entries].filter(([, { leaseEndMs }]) => leaseEndMs <= nowMs);
    for (const [id, { joined, leaseEndMs }] of over) {
      this.entries.delete(id);
      if (joined > 0) this.removedAtMs = Math.max(this.removedAtMs, leaseEndMs);
    }
    if (over.some(([, { joined }]) => joined > 0)) this.#change(nowMs);
  }

  /** At least the time in microseconds: it grows through a start with empty memory too. */
  #change(nowMs: number): void {
    this.version = Math.max(this.version + 1, Math.floor(nowMs * 1_000));
  }
}
