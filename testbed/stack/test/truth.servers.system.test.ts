import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TargetServer } from '../../src/oracle/target-server.js';
import { LiveStack } from '../live-stack.js';
import { unfiltered } from './expressions.suite.js';
import { Load } from './load.suite.js';
import { seriesOf } from './prometheus.suite.js';
import { expressions, keyOf, rangeOf, rendered, STACK_FILE, truths } from './truth.suite.js';

const TARGETS = 12;
/** The kinds of probes that a collector knows: http, tcp, dns, prometheus, snmp, host. */
const KINDS = 6;
/** A rate of panels needs two scrapes, a recorded rule two evaluations, and what waits for it one more. */
const SETTLED_WITHIN_MS = 400_000;

describe('on the running stack', { timeout: 600_000 }, () => {
  let server: TargetServer;
  let stack: LiveStack;
  let load: Load;

  beforeAll(async () => {
    server = await TargetServer.start();
    stack = await LiveStack.start({ file: STACK_FILE, targets: targetsFile(server) });
    load = new Load(stack);
  }, 300_000);

  afterAll(async () => {
    await load?.stop();
    await stack?.stop();
    await server?.[Symbol.asyncDispose]();
  }, 60_000);

  it('every expression of every rule and dashboard brings what the table says', async () => {
    const known = expressions();
    const groups = rendered()
      .filter(({ path }) => path.startsWith('prometheus/rules/'))
      .reduce((count, { text }) => count + text.split(/^ {2}- name: /m).length - 1, 0);
    const words = {
      collectors: stack.collectors.length,
      backends: stack.backends.length,
      pools: 1 + stack.backends.length,
      kinds: KINDS,
      targets: TARGETS,
      groups,
    };
    const wrong = async (): Promise<string[]> => {
      const found: string[] = [];
      for (const { watches, series, ...entry } of truths()) {
        const query = known.get(keyOf(entry))?.query;
        if (query === undefined) continue;
        const asked: Array<[what: string, query: string, expected: string | number | undefined]> = [
          ['series', query, series],
          ['watched', unfiltered(query), watches],
        ];
        for (const [what, text, expected] of asked) {
          if (expected === undefined) continue;
          const [least, most] = rangeOf(expected, words);
          const count = await seriesOf(stack, text);
          if (count < least || count > most) found.push(`${entry.title}: ${count} ${what}, not ${expected}: ${text}`);
        }
      }
      return found;
    };
    await expect.poll(wrong, { timeout: SETTLED_WITHIN_MS, interval: 10_000 }).toEqual([]);
  });
});

function targetsFile(server: TargetServer): string {
  const targets = Array.from({ length: TARGETS }, (_, index) => `t-${index}`);
  return [
    'apiVersion: breakwater/v1',
    'kind: Targets',
    'defaults: { interval: 2s }',
    'targets:',
    ...targets.map((name) => `  - { name: ${name}, probe: http, url: "${server.urlOf(name)}" }`),
    '',
  ].join('\n');
}
