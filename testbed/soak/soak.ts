import { parseArgs } from 'node:util';
import { type RunResult, run } from './run.js';

const MAX_CONNECTIONS = 100;
const MAX_CONNECTIONS_PER_HOST = 30;
const MEMORY_GROWTH = 1.1;
const COMMIT_GROWTH = 1.5;

const HELP = `usage: npm run soak -- [--minutes 5] [--names-minutes 3] [--json]

2,000 targets on 200 loopback origins every 10 s, 200 of which hang from the start and 200 more from minute 1,
polled by one collector process with its default settings; then the same with 50 targets behind a name server
that never answers. Exits 1 when something is not as it should be.`;

interface Finding {
  readonly what: string;
  readonly good: boolean;
}

function findings(base: RunResult, names: RunResult): Finding[] {
  const [, early = 0] = base.memoryMiB;
  const late = base.memoryMiB.at(-1)!;
  return [base, names]
    .flatMap((result) => [
      {
        what: `healthy targets missed ${result.healthyMissed} of ${result.healthyTurns} turns`,
        good: result.healthyMissed === 0 && result.healthyTurns > 0,
      },
      {
        what: `the servers saw ${result.sockets.most} sockets at most, ${result.sockets.mostOfOneOrigin} at one origin`,
        good: result.sockets.most <= MAX_CONNECTIONS && result.sockets.mostOfOneOrigin <= MAX_CONNECTIONS_PER_HOST,
      },
      { what: `the collector ended with ${result.exitCode}`, good: result.exitCode === 0 },
    ])
    .concat([
      {
        what: `memory: ${early.toFixed(0)} MiB in minute 2, ${late.toFixed(0)} MiB in minute ${base.minutes}`,
        good: late <= early * MEMORY_GROWTH,
      },
      {
        what: `p99 of a commit: ${base.commitP99Ms.toFixed(1)} ms; beside ${names.nameQueries} unanswered look-ups ${names.commitP99Ms.toFixed(1)} ms`,
        good: names.nameQueries > 0 && names.commitP99Ms <= base.commitP99Ms * COMMIT_GROWTH,
      },
    ]);
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    'names-minutes': { type: 'string', default: '3' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(HELP);
} else {
  const minutes = [values.minutes, values['names-minutes']].map(Number);
  if (!minutes.every((count) => Number.isInteger(count) && count >= 2 && count <= 60)) {
    throw new Error(`--minutes and --names-minutes take whole numbers from 2 to 60\n\n${HELP}`);
  }
  process.stderr.write(`2,000 targets, 400 of them hanging, for ${minutes[0]} minutes\n`);
  const base = await run(minutes[0]!, false);
  process.stderr.write(`the same with 50 names that nobody resolves, for ${minutes[1]} minutes\n`);
  const names = await run(minutes[1]!, true);
  const found = findings(base, names);
  if (values.json) console.log(JSON.stringify({ base, names, findings: found }, undefined, 2));
  else for (const { what, good } of found) console.log(`${good ? 'ok    ' : 'FAILED'} ${what}`);
  process.exitCode = found.every(({ good }) => good) ? 0 : 1;
}
