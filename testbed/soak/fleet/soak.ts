import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FleetRig, type FleetRigOptions, startServer } from '@breakwater/testbed';
import { type Account, accountOf, type Kill } from './account.js';

const DIST = new URL('../../../examples/telemetry-collector/dist/', import.meta.url);
const HELP = `usage: npm run soak:fleet -- [--minutes 10] [--json]

Three collectors share 300 targets through Redis and write to one InfluxDB. Each minute another one is killed (kill -9)
and started again half a minute later. Then every turn is accounted for. Exits 1 when a turn is missing that no takeover
excuses, when a target moved that should not have, or when a takeover took longer than a lease and an interval.`;

const TIMES = { intervalMs: 5_000, leaseMs: 15_000 };
const MINUTE_MS = 60_000;
const START_MS = 60_000;

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
});
const minutes = Number(values.minutes);
if (values.help === true || !Number.isSafeInteger(minutes) || minutes < 1) {
  process.stdout.write(`${HELP}\n`);
  process.exit(values.help === true ? 0 : 2);
}

const say = (text: string) => process.stdout.write(`${text}\n`);
const tell = (text: string) => process.stderr.write(`${text}\n`);

async function soak(): Promise<Account> {
  const { offsetOf } = (await import(new URL('flow/offset.js', DIST).href)) as Pick<FleetRigOptions, 'offsetOf'>;
  await using redis = await startServer('redis');
  const env = () => ({ REDIS_URL: redis.url, FLEET_LEASE: String(TIMES.leaseMs / 1_000) });
  const main = fileURLToPath(new URL('main.js', DIST));
  await using rig = await FleetRig.start({ main, offsetOf, intervalMs: TIMES.intervalMs, env });
  await Promise.all(rig.collectors.map((collector) => collector.start()));
  const owners = await shared(rig);
  const fromMs = Date.now();
  const kills: Kill[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    const place = minute % rig.collectors.length;
    kills.push(await killed(rig, place, owners, fromMs + minute * MINUTE_MS));
    tell(`${rig.pollers[place]} was killed and came back, minute ${minute + 1} of ${minutes}`);
  }
  const verdict = await rig.conclude(fromMs, Date.now() - TIMES.intervalMs);
  return accountOf(verdict, rig.server.polls, owners, kills, TIMES);
}

async function killed(
  rig: FleetRig,
  place: number,
  owners: ReadonlyMap<string, string>,
  startMs: number,
): Promise<Kill> {
  const [collector, victim] = [rig.collectors[place]!, rig.pollers[place]!];
  const share = new Set([...owners].filter(([, owner]) => owner === victim).map(([target]) => target));
  await rig.keepCounts(place);
  const killedMs = Date.now();
  await collector.kill();
  await pause(startMs + MINUTE_MS / 2 - Date.now());
  await collector.start();
  const backMs = Date.now();
  const untilMs = startMs + MINUTE_MS;
  await pause(untilMs - Date.now());
  return { victim, share, killedMs, backMs, untilMs };
}

/** Resolves when each target is polled by one of them, each of them polls, and nothing moves; with whose each is. */
async function shared(rig: FleetRig): Promise<Map<string, string>> {
  const untilMs = Date.now() + START_MS;
  let before: Map<string, string> | undefined;
  while (Date.now() < untilMs) {
    const owners = ownersNow(rig);
    const isSame = owners !== undefined && [...owners].every(([target, by]) => before?.get(target) === by);
    if (isSame) return owners;
    before = owners;
    // Who was polled once before it moved looks settled until its next turn: two looks share no turn.
    await pause(owners === undefined ? 100 : 2 * TIMES.intervalMs);
  }
  throw new Error(`after ${START_MS} ms the collectors do not share the targets yet`);
}

/** Who polled each target of late; undefined unless it was one each, and all of them polled. */
function ownersNow(rig: FleetRig): Map<string, string> | undefined {
  const polls = rig.server.since(Date.now() - 1.5 * TIMES.intervalMs);
  const owners = new Map(polls.map(({ target, by }) => [target, by]));
  const isOne = polls.every(({ target, by }) => owners.get(target) === by);
  const isAll = owners.size === rig.turns.targets.length && new Set(owners.values()).size === rig.pollers.length;
  return isOne && isAll ? owners : undefined;
}

function report(account: Account): void {
  const seconds = (each: readonly (number | undefined)[]) =>
    each.map((ms) => (ms === undefined ? 'never' : `${(ms / 1_000).toFixed(1)} s`)).join(', ');
  const { due, withPoint, missingInTakeovers, longestGap, allowance, missingOutside, countedAsMissed } = account;
  say(`turns due: ${due}; with a point: ${withPoint}`);
  say(`without one in takeovers: ${missingInTakeovers}, ${longestGap} of a target at most (allowed: ${allowance})`);
  say(`without one outside of takeovers: ${missingOutside}; counted as missed by collectors: ${countedAsMissed}`);
  say(`polled twice when one came back: ${account.twiceAtReturns}; otherwise: ${account.twiceOutside}`);
  say(`polls of targets that should not have moved: ${account.moved}; points of no turn: ${account.strangers}`);
  say(`taken over after: ${seconds(account.takeoverMs)} (lease ${TIMES.leaseMs / 1_000} s)`);
  say(`given back after: ${seconds(account.returnMs)}`);
  say(account.isWell ? 'every turn is accounted for' : 'FAILED');
}

const account = await soak();
if (values.json === true) say(JSON.stringify(account, undefined, 2));
else report(account);
process.exit(account.isWell ? 0 : 1);
