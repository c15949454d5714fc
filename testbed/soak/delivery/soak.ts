import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Rig } from '@breakwater/testbed';

const MAIN = fileURLToPath(new URL('../../../examples/telemetry-collector/dist/main.js', import.meta.url));
const HELP = `usage: npm run soak:delivery -- [--kills N]

Kills the collector, InfluxDB and VictoriaMetrics (kill -9) under load, N times in all (default 200), in a random order,
and lets connections break in between. Then compares what was accepted with what is stored, and prints the ledger.`;

/** VictoriaMetrics loses what came in its last five seconds. */
const ENV = { ACK_HOLD: '7', LOG_LEVEL: 'error' };
const SETTLE_MS = 120_000;

const { values } = parseArgs({ options: { kills: { type: 'string', default: '200' }, help: { type: 'boolean' } } });
const kills = Number(values.kills);
if (values.help === true || !Number.isSafeInteger(kills) || kills < 1) {
  process.stdout.write(`${HELP}\n`);
  process.exit(values.help === true ? 0 : 2);
}

const say = (text: string) => process.stdout.write(`${text}\n`);
const pick = <T>(choices: readonly T[]): T => choices[Math.floor(Math.random() * choices.length)]!;

async function soak(): Promise<boolean> {
  await using rig = await Rig.start({
    main: MAIN,
    backends: ['influxdb', 'victoria-metrics'],
    env: ENV,
    // About 10,000 points a second: the judges keep every number.
    producer: { pauseMs: 40 },
    isRecording: false,
  });
  const [influx, victoria] = rig.backends as [(typeof rig.backends)[0], (typeof rig.backends)[0]];
  const counts = { collector: 0, influxdb: 0, 'victoria-metrics': 0, withWrites: 0 };
  rig.producer.start();
  for (let kill = 1; kill <= kills; kill++) {
    await pause(100 + Math.random() * 900);
    const proxy = pick([influx.proxy, victoria.proxy]);
    await proxy.set(pick(['none', 'reset-before', 'reset-after', 'half-answer']), { only: 'writes', times: 3 });
    const victim = pick(['collector', 'collector', 'influxdb', 'victoria-metrics'] as const);
    counts[victim]++;
    if (victim === 'collector') {
      if (rig.producer.underWay > 0) counts.withWrites++;
      await rig.collector.kill();
      await rig.collector.start();
    } else {
      const { server } = victim === 'influxdb' ? influx : victoria;
      server.signal('SIGKILL');
      await server.restart();
    }
    if (kill % 20 === 0) say(`${kill} of ${kills} kills, ${rig.producer.accepted.size} points accepted`);
  }
  await rig.producer.stop();
  await influx.proxy.set('none');
  await victoria.proxy.set('none');
  await rig.settled(SETTLE_MS);
  return await report(rig, counts);
}

async function report(rig: Rig, counts: Readonly<Record<string, number>>): Promise<boolean> {
  const ledger = await rig.ledger();
  const judgements = await rig.judgements();
  say(
    `\nkilled: ${counts['collector']} × collector (${counts['withWrites']} with writes under way), ${counts['influxdb']} × InfluxDB, ${counts['victoria-metrics']} × VictoriaMetrics`,
  );
  say(`accepted: ${rig.producer.accepted.size} points; without an answer: ${rig.producer.unanswered.size}`);
  for (const [lane, terms] of ledger.lanes)
    say(
      `${lane}: ${Object.entries(terms)
        .map(([term, points]) => `${term} ${points}`)
        .join(', ')}`,
    );
  say(
    `sent again since the last start: ${
      [...ledger.resent]
        .filter(([, points]) => points > 0)
        .map(([reason, points]) => `${reason} ${points}`)
        .join(', ') || 'none'
    }`,
  );
  for (const [index, { missing, unasked, stored }] of judgements.entries()) {
    say(
      `${rig.backends[index]!.kind}: ${stored} points stored, ${missing.length} lost, ${unasked.length} that nobody sent`,
    );
  }
  say(`the ledgers were looked at ${rig.looks} times; they did not add up ${rig.imbalances.length} times`);
  return (
    rig.imbalances.length === 0 && judgements.every(({ missing, unasked }) => missing.length + unasked.length === 0)
  );
}

const isWell = await soak();
say(isWell ? 'nothing was lost' : 'FAILED');
process.exit(isWell ? 0 : 1);
