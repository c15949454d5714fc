import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config/config.js';
import { TargetsFileError } from '../src/targets/mistakes.js';
import { parseTargets } from '../src/targets/parse.js';
import { targetsFileSchema } from '../src/targets/schema.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const catalog = readFileSync(new URL('../../../metrics.catalog.json', import.meta.url), 'utf8');

/** The contents of the code blocks of a language. */
const blocks = (language: string): string[] =>
  [...readme.matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, kind, text]) => (kind === language ? [text!] : []));
/** The first cells of the rows of the table under a heading, less the backquotes. */
const firstCells = (heading: string): string[] => {
  const section = readme.split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!;
  const cells = [...section.matchAll(/^\| (`[^|]+`) \|/gm)].map((match) => match[1]!);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!));
};

describe('the README', () => {
  it('has a targets file that can be used', async () => {
    const env = { SNMP_AUTH_KEY: 'long enough', SNMP_PRIV_KEY: 'long enough' };
    const [example] = blocks('yaml');
    const targets = await parseTargets(example!, { file: 'targets.yaml', env });
    expect(new Set([...targets.values()].map(({ probe }) => probe)).size).toBe(6);
  });

  it('leads to a sample for the stack that can be used', async () => {
    const sample = readFileSync(new URL('../../../deploy/targets.yaml', import.meta.url), 'utf8');
    const targets = await parseTargets(sample, { file: 'deploy/targets.yaml', env: {} });
    expect([...targets.keys()]).toEqual(['collectors', 'redis', 'machine']);
  });

  it('shows mistakes as they are told', async () => {
    const text = `apiVersion: breakwater/v1
kind: Targets
defaults: { interval: 10s }
targets:
  - { name: a, probe: tpc }
  - { name: b, probe: tcp, host: h, port: 0 }
`;
    const error: unknown = await parseTargets(text, { file: 'targets.yaml', env: {} }).catch(
      (reason: unknown) => reason,
    );
    expect((error as TargetsFileError).message).toBe(blocks('')[0]!.trimEnd());
    expect(error).toBeInstanceOf(TargetsFileError);
  });

  it('names every key of every target', () => {
    const described = readme.split('\n## The targets file\n')[1]!.split('\n## ')[0]!;
    const probes = JSON.stringify(targetsFileSchema.toJSONSchema({ io: 'input' }));
    const keys = new Set(
      [...probes.matchAll(/"([A-Za-z]+)":\{"(?:type|description|anyOf|default|minimum|\$ref)/g)].map(
        (match) => match[1]!,
      ),
    );
    for (const word of ['items', 'properties', 'propertyNames', 'additionalProperties']) keys.delete(word);
    expect(keys.size).toBeGreaterThan(25);
    expect([...keys].filter((key) => !described.includes(key))).toEqual([]);
  });

  it('lists every variable that is read, and no other', () => {
    const read = new Set<string>();
    const env: Record<string, string> = {
      INFLUX_URLS: 'http://influx',
      INFLUX_BUCKET: 'b',
      REDIS_URL: 'redis://redis',
      TARGETS_FILE: 'targets.yaml',
    };
    readConfig(
      new Proxy(env, {
        get(_env, name: string) {
          read.add(name);
          return env[name];
        },
      }),
    );
    expect(firstCells('Settings').sort()).toEqual([...read].sort());
  });

  it('has the defaults that are in force', () => {
    const said = new Map(
      [...readme.matchAll(/^\| `([A-Z_]+)` \| `?([^|`]+?)`? \|/gm)].map((match) => [match[1]!, match[2]!]),
    );
    const numbers = [...said].filter(([, value]) => /^[\d.]+$/.test(value));
    expect(numbers.length).toBeGreaterThan(15);
    // Setting every variable to its default changes nothing.
    expect(readConfig(Object.fromEntries(numbers))).toEqual(readConfig({}));
    expect(said.get('HOST')).toBe(readConfig({}).host);
    expect(said.get('DATA_DIR')).toBe(readConfig({}).dataDir);
    expect(said.get('LOG_LEVEL')).toBe(readConfig({}).logLevel);
  });

  it('names metrics that exist', () => {
    const names = [...readme.matchAll(/`((?:telemetry|connection_pool|circuit_breaker)_[a-z_]+[a-z])`/g)].map(
      (match) => match[1]!,
    );
    const measurements = ['telemetry_turn'];
    expect(names.length).toBeGreaterThan(8);
    expect(names.filter((name) => !measurements.includes(name) && !catalog.includes(`"${name}"`))).toEqual([]);
  });
});
