import { describe, expect, it } from 'vitest';
import { changesBetween } from './changes.js';
import { parseTargets } from './parse.js';

const ENV = { TOKEN: 'first' };
const parse = (entries: string, env: Record<string, string> = ENV) =>
  parseTargets(`apiVersion: breakwater/v1\nkind: Targets\ntargets: [${entries}]`, { file: 't', env });

async function namesOf(before: string, after: string, env?: Record<string, string>) {
  const { added, changed, removed } = changesBetween(await parse(before), await parse(after, env));
  const names = (targets: typeof added) => targets.map(({ name }) => name);
  return { added: names(added), changed: names(changed), removed: names(removed) };
}

const WEB =
  '{ name: web, probe: http, url: "http://h/", headers: { a: { valueFrom: TOKEN } }, expectStatus: [200, 204] }';
const A = '{ name: a, probe: host, labels: { x: "1", y: "2" } }';

describe('what changes between two sets of targets', () => {
  it('is nothing when they say the same in another order', async () => {
    const turned = '{ labels: { y: "2", x: "1" }, probe: host, name: a }';
    expect(await namesOf(`${A}, ${WEB}`, `${WEB}, ${turned}`)).toEqual({ added: [], changed: [], removed: [] });
  });

  it('is what came, what went, and what says something else', async () => {
    const before = `${A}, { name: gone, probe: host }, { name: b, probe: host }`;
    const after = `${A}, { name: b, probe: host, interval: 1m }, { name: new, probe: host }`;
    expect(await namesOf(before, after)).toEqual({ added: ['new'], changed: ['b'], removed: ['gone'] });
  });

  it.each([
    ['a label', A, '{ name: a, probe: host, labels: { x: "1", y: "3" } }'],
    ['a label more', A, '{ name: a, probe: host, labels: { x: "1", y: "2", z: "3" } }'],
    ['the order of a list', WEB, WEB.replace('[200, 204]', '[204, 200]')],
    ['another probe', A, '{ name: a, probe: tcp, host: h, port: 1, labels: { x: "1", y: "2" } }'],
  ])('is told by %s', async (_what, before, after) => {
    expect((await namesOf(before, after)).changed).toHaveLength(1);
  });

  it('is told by a secret alone', async () => {
    expect((await namesOf(WEB, WEB, { TOKEN: 'second' })).changed).toEqual(['web']);
  });

  it('gives the targets as they are now', async () => {
    const { changed } = changesBetween(await parse('{ name: a, probe: host }'), await parse(A));
    expect(changed[0]?.labels).toEqual({ x: '1', y: '2' });
  });
});
