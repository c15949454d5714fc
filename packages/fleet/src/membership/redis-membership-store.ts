import { FleetError } from '../fleet-error.js';
import { fleetKey } from '../fleet-key.js';
import type { RedisLink, ScriptArgument, ScriptReply } from '../redis/redis-link.js';
import { type Script, script } from '../redis/script.js';
import { loadText, readLoad } from './load-text.js';
import type { Member } from './membership.js';
import { type Beat, type BeatReply, isMemberId, type MemberList, type MembershipStore } from './membership-store.js';
import { eachRecord } from './record-list.js';
import { placeOf, wholeOf } from './units.js';

export interface RedisMembershipStoreOptions {
  readonly link: RedisLink;
  /** `[A-Za-z0-9_.-]{1,64}`. Default `telemetry`. */
  readonly fleet?: string;
}

const MOST_MEMBERS = 100_000;
const BEAT_FIELDS = 12;
const LONGEST_QUOTE = 100;
const BLANK = 32;

class RedisMembershipStore implements MembershipStore {
  readonly #link: RedisLink;
  readonly #keys: readonly string[];
  readonly #channel: string;
  readonly #beat = script('beat');
  readonly #leave = script('leave');
  readonly #members = script('members');

  constructor(link: RedisLink, fleet: string) {
    const key = (what: string) => fleetKey(fleet, what);
    this.#link = link;
    this.#channel = key('membership');
    this.#keys = ['members', 'sharers', 'applied', 'records', 'left', 'state'].map(key);
  }

  async beat(beat: Beat): Promise<BeatReply> {
    const args: ScriptArgument[] = [beat.id, beat.incarnation, beat.sequence, beat.leaseMs, beat.shares ? 1 : 0];
    args.push(beat.applied, Math.floor(beat.stoppedAtMs), beat.epoch, beat.known, beat.leaseEndMs);
    args.push(beat.load === undefined ? '' : loadText(beat.load), this.#channel);
    const reply = texts(await this.#run(this.#beat, this.#keys, args));
    if (reply[0] === 'superseded') return { superseded: true, nowMs: whole(reply[1]) };
    if (reply[0] !== 'admitted' || reply.length < BEAT_FIELDS)
      throw damaged('a beat was answered otherwise than expected');
    const idsStart = BEAT_FIELDS + 2 * whole(reply[11]);
    if (reply.length < idsStart) throw damaged('a beat was answered with fewer lease ends than it says');
    const leaseEnds: [string, number][] = [];
    for (let at = BEAT_FIELDS; at < idsStart; at += 2)
      leaseEnds.push([this.#checked(reply[at]!, 1), whole(reply[at + 1])]);
    const ids = reply.slice(idsStart);
    for (const id of ids) this.#checked(id, 1);
    return {
      superseded: false,
      nowMs: whole(reply[1]),
      leaseEndMs: whole(reply[2]),
      epoch: reply[3]!,
      version: whole(reply[4]),
      joined: whole(reply[5]),
      waitUntilMs: whole(reply[6]),
      behind: whole(reply[7]),
      removedAtMs: whole(reply[8]),
      releasedAtMs: whole(reply[9]),
      members: whole(reply[10]),
      leaseEnds,
      ids: ids.length === 0 ? undefined : ids,
    };
  }

  async leave(id: string, incarnation: string, stoppedAtMs: number): Promise<void> {
    await this.#run(this.#leave, this.#keys, [id, incarnation, Math.floor(stoppedAtMs), this.#channel]);
  }

  async read(): Promise<MemberList> {
    const [now, records] = texts(await this.#run(this.#members, [this.#keys[3]!], [MOST_MEMBERS]));
    if (records === undefined) throw damaged('reading the members was answered otherwise than expected');
    const nowMs = whole(now);
    const members: Member[] = [];
    let unreadable = 0;
    eachRecord(records, (text, units, start, end) => {
      const idEnd = placeOf(BLANK, units, start, end);
      const leaseEnd = placeOf(BLANK, units, idEnd + 1, end);
      const leaseEndsAt = wholeOf(units, idEnd + 1, leaseEnd) ?? Number(text.slice(idEnd + 1, leaseEnd));
      let blank = leaseEnd;
      for (let word = 0; word < 4; word++) blank = placeOf(BLANK, units, blank + 1, end);
      if (idEnd === start || blank >= end || !Number.isSafeInteger(leaseEndsAt))
        throw damaged(`${this.#keys[3]} holds what is no member, ${quoted(text.slice(start, end))}; delete it`);
      if (leaseEndsAt <= nowMs) return;
      const load = readLoad(text, blank + 1, end, units);
      if (load === undefined) unreadable++;
      members.push({ id: ownText(this.#checked(text.slice(start, idEnd), 3)), leaseEndsAt, load: load ?? {} });
    });
    return { members, damaged: unreadable };
  }

  onChange(listener: (version: number | undefined) => void): Disposable {
    return this.#link.subscribe(
      this.#channel,
      (message) => listener(/^\d{1,16}$/.test(message) ? Number(message) : undefined),
      () => listener(undefined),
    );
  }

  /** Redis does not say which key it is that is of another type. */
  async #run(script: Script, keys: readonly string[], args: readonly ScriptArgument[]): Promise<ScriptReply> {
    try {
      return await this.#link.run(script, keys, args);
    } catch (error) {
      if (!(error as Error).message.includes('WRONGTYPE')) throw error;
      const words = `Redis at ${this.#link.address} holds another type of value under a key of the membership; delete it. It is one of ${keys.join(', ')}`;
      throw new FleetError('refused', words, { cause: error });
    }
  }

  #checked(id: string, key: number): string {
    if (isMemberId(id)) return id;
    throw damaged(`${this.#keys[key]} holds ${quoted(id)}, which is no member's id; delete it`);
  }
}

function texts(reply: ScriptReply): string[] {
  if (!Array.isArray(reply) || !reply.every((part) => typeof part === 'string'))
    throw damaged('a script of the membership was answered otherwise than expected');
  return reply;
}

/** A copy: a piece of a longer text keeps all of that in memory. */
const ownText = (ascii: string): string => Buffer.from(ascii, 'latin1').toString('latin1');

function whole(text: string | undefined): number {
  const value = Number(text);
  if (text === undefined || text === '' || !Number.isSafeInteger(value) || value < 0)
    throw damaged(`Redis answered ${quoted(text ?? '')} where the membership needs a whole number`);
  return value;
}

const damaged = (words: string): FleetError => new FleetError('refused', words);
const quoted = (text: string): string => JSON.stringify(text.slice(0, LONGEST_QUOTE));

/** Members of every process that names the same fleet on the same Redis. @throws ConfigError for a name that cannot be one. */
export function redisMembershipStore({ link, fleet = 'telemetry' }: RedisMembershipStoreOptions): MembershipStore {
  return new RedisMembershipStore(link, fleet);
}
