import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CircuitTable } from './circuit-table.js';
import type { KeyedCircuit } from './keyed-circuit.js';
import { circuitSettings } from './settings.js';

function tableOf(maxKeys: number) {
  let generation = 0;
  const table: CircuitTable = new CircuitTable(
    {
      settings: circuitSettings({}, 'test'),
      nextGeneration: () => ++generation,
      probes: () => Number.POSITIVE_INFINITY,
      moved: (circuit, from) => table.moved(circuit as KeyedCircuit, from.name, circuit.state.name),
    },
    maxKeys,
  );
  /** The order in which the closed ones would go. */
  const order = () => {
    const keys: string[] = [];
    for (let circuit = table.oldestClosed; circuit !== undefined; circuit = circuit.newer) keys.push(circuit.key);
    return keys;
  };
  return { table, order };
}

describe('CircuitTable', () => {
  it('finds what was added, until it is dropped', () => {
    const { table } = tableOf(2);
    expect(table.get('a')).toBeUndefined();
    const circuit = table.add('a');
    expect(table.get('a')).toBe(circuit);
    expect(circuit.key).toBe('a');
    table.drop(circuit);
    expect(table.get('a')).toBeUndefined();
    expect(table.counts.closed).toBe(0);
  });

  it('is full at maxKeys', () => {
    const { table } = tableOf(2);
    table.add('a');
    expect(table.full).toBe(false);
    table.add('b');
    expect(table.full).toBe(true);
  });

  it('drops a circuit once, and never the one that took its place', () => {
    const { table, order } = tableOf(5);
    const first = table.add('a');
    table.drop(first);
    const second = table.add('a');
    table.drop(first);
    expect(table.get('a')).toBe(second);
    expect(order()).toEqual(['a']);
    expect(table.counts.closed).toBe(1);
  });

  it('lets what was touched go last', () => {
    const { table, order } = tableOf(5);
    const [a, b] = [table.add('a'), table.add('b'), table.add('c')];
    table.touch(a);
    expect(order()).toEqual(['b', 'c', 'a']);
    table.touch(a);
    expect(order()).toEqual(['b', 'c', 'a']);
    table.touch(b);
    expect(order()).toEqual(['c', 'a', 'b']);
  });

  it('keeps what is not closed out of the order, and takes it back at the end', () => {
    const { table, order } = tableOf(5);
    const a = table.add('a');
    const hold = a.isolate(0);
    table.add('b');
    table.touch(a);
    expect(order()).toEqual(['b']);
    a.release(hold, 1);
    expect(order()).toEqual(['b', 'a']);
    a.reset(2);
    expect(order()).toEqual(['b', 'a']);
  });

  it('counts by state, and lists every circuit', () => {
    const { table } = tableOf(5);
    table.add('a').isolate(0);
    table.add('b');
    table.add('c').disable(0);
    expect(table.counts).toEqual({ closed: 1, open: 0, 'half-open': 0, isolated: 1, disabled: 1 });
    expect([...table].map(({ key }) => key)).toEqual(['a', 'b', 'c']);
  });

  it('keeps the order that a plain list keeps', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd');
    const step = fc.tuple(fc.constantFrom('add', 'touch', 'drop', 'isolate', 'reset'), key);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { table, order } = tableOf(9);
        let list: string[] = [];
        for (const [what, of] of steps) {
          const circuit = table.get(of);
          const closed = circuit?.state.name === 'closed';
          if (what === 'add' && circuit === undefined) {
            table.add(of);
            list.push(of);
          } else if (circuit !== undefined && what !== 'add') {
            const without = list.filter((other) => other !== of);
            if (what === 'touch') {
              table.touch(circuit);
              if (closed) list = [...without, of];
            } else if (what === 'drop' && closed) {
              table.drop(circuit);
              list = without;
            } else if (what === 'isolate') {
              circuit.isolate(0);
              list = without;
            } else if (what === 'reset') {
              circuit.reset(0);
              if (!closed) list = [...without, of];
            }
          }
          expect(order()).toEqual(list);
          expect(table.counts.closed).toBe(list.length);
        }
      }),
      { numRuns: 300 },
    );
  });
});
