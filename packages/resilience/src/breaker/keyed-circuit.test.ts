import { describe, expect, it } from 'vitest';
import { KeyedCircuit } from './keyed-circuit.js';
import { circuitSettings } from './settings.js';

const owner = {
  settings: circuitSettings({}, 'test'),
  nextGeneration: () => 1,
  moved: () => {},
  probes: () => Number.POSITIVE_INFINITY,
};

describe('what a KeyedCircuit remembers of an error', () => {
  it.each([
    [Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [new Error('no route'), 'no route'],
    ['a text', 'a text'],
    [{ code: 7, message: 'numbered' }, 'numbered'],
    [{ message: { deep: true } }, undefined],
    [{ status: 503 }, 'status 503'],
    [{ statusCode: 502 }, 'status 502'],
    [{ status: 'bad' }, undefined],
    [undefined, undefined],
    [null, undefined],
    [7, undefined],
  ])('%o: %s', (error, text) => {
    const circuit = new KeyedCircuit(owner, 'k');
    circuit.lastError = 'older';
    circuit.remember(error);
    expect(circuit.lastError).toBe(text);
  });

  it.each([
    ['code', (text: string) => ({ code: text })],
    ['message', (text: string) => new Error(text)],
    ['text', (text: string) => text],
  ])('is 120 characters of a long %s', (_, make) => {
    const circuit = new KeyedCircuit(owner, 'k');
    circuit.remember(make('x'.repeat(120)));
    expect(circuit.lastError).toBe('x'.repeat(120));
    circuit.remember(make(`${'x'.repeat(119)}yz`));
    expect(circuit.lastError).toBe(`${'x'.repeat(119)}y`);
  });
});
