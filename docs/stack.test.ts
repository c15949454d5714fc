import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKS, parseStack, planStack, renderPatched } from '@breakwater/stack';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../scripts/workspace.js';
import { tableRows } from './table.suite.js';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const text = read('docs/stack.md');
const lines = text.split('\n');
const rows = (head: string) => tableRows(lines, head);

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly default?: unknown;
}

const show = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

/** Every key that holds a value, with its default. */
function* keysOf(node: Node, path: string, isRequired: boolean): Generator<[key: string, standard: string]> {
  const below = Object.entries(node.properties ?? {});
  for (const [name, child] of below) {
    yield* keysOf(child, path === '' ? name : `${path}.${name}`, (node.required ?? []).includes(name));
  }
  if (below.length > 0) return;
  yield [`\`${path}\``, node.default !== undefined ? show(node.default) : isRequired ? 'needed' : 'none'];
  if (node.items?.properties !== undefined) yield* keysOf(node.items, `${path}[]`, false);
}

describe('the guide to the stack file', () => {
  it('lists every key with its default, and no other', () => {
    const schema = JSON.parse(read('packages/stack/stack.schema.json')) as Node;
    expect(rows('key').map(([key, standard]) => [key, standard])).toEqual([...keysOf(schema, '', false)]);
  });

  it('lists every check with what it holds, and no other: npm run guide', () => {
    const known = CHECKS.map(({ id, holds }) => [`\`${id}\``, holds.replace(/\.$/, '')]);
    expect(rows('check').toSorted()).toEqual(known.toSorted());
  });

  it('says of everything that is rendered where it is', () => {
    const { stack, document } = parseStack(read('breakwater.stack.yaml'), 'breakwater.stack.yaml');
    const plan = planStack(stack, { targets: read(stack.collectors.targets) });
    const told = rows('file').map(([cell]) => cell!.replaceAll('`', ''));
    const holds = (path: string) => (place: string) => path === place || path.startsWith(`${place}/`);
    const paths = renderPatched(plan, document).map(({ path }) => path);
    expect(paths.filter((path) => !told.some(holds(path)))).toEqual([]);
    expect(told.filter((place) => !paths.some((path) => holds(path)(place)))).toEqual([]);
  });

  it('lists every secret', () => {
    const { stack } = parseStack(read('breakwater.stack.yaml'), 'breakwater.stack.yaml');
    const known = planStack(stack).secrets.map(({ variable, what }) => [`\`${variable}\``, what]);
    expect(rows('variable')).toEqual(known);
  });

  it('shows stack files that can be read, and patches that apply', () => {
    const blocks = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1]!);
    const [minimal = '', patches = ''] = blocks;
    expect(blocks).toHaveLength(2);
    const { stack, document } = parseStack(minimal + patches, 'example');
    const files = new Map(renderPatched(planStack(stack), document).map((file) => [file.path, file.text]));
    expect(files.get('docker-compose.ha.yml')).toContain('shm_size: 64m');
    expect(files.get('k8s/telemetry-deployment.yaml')).toContain('type: LoadBalancer');
    expect(files.get('haproxy/haproxy.cfg')).toContain('    option http-keep-alive\n');
  });
});
