import { parseArgs } from 'node:util';
import { machine } from '../table.js';
import { figures } from './figure.js';
import { heartbeats } from './heartbeats.js';
import { ownership } from './ownership.js';

const HELP = `usage: npm run bench:fleet -- [--json] [--seconds N]

Ten thousand members beat every 5 s through one Redis, from one process on one connection; then another
process reads their whole list. Before that, 100,000 targets are shared out over 100 members.
  --json       print [{name, value, unit, atMost}] instead of the table
  --seconds N  how long the heartbeats are measured (default 60)`;

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, seconds: { type: 'string', default: '60' }, help: { type: 'boolean' } },
});
const seconds = Number(values.seconds);
if (values.help === true || !(seconds >= 1)) {
  process.stdout.write(`${HELP}\n`);
  process.exit(values.help === true ? 0 : 2);
}
const rows = [...ownership(), ...(await heartbeats(1_000 * seconds))];
process.stdout.write(
  values.json === true ? `${JSON.stringify(rows, undefined, 2)}\n` : `${figures(rows)}\n\n${machine()}\n`,
);
process.exit(0);
