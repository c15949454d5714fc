import { describe, expect, it } from 'vitest';
import type { Alert, Severity } from '../../alerts/alert.js';
import { limitsOf } from './limits.js';

const alert = (expr: string, severity: Severity = 'warning') => ({ name: 'Late', expr, severity }) as Alert;

describe('the colours that alerts give to a value', () => {
  it.each([
    [
      'max(lag) > 300',
      [
        [null, 'green'],
        [300, 'orange'],
      ],
    ],
    [
      'a / b >= 0.5 and on () count(up) > 3',
      [
        [null, 'green'],
        [0.5, 'orange'],
      ],
    ],
    [
      '(up or vector(0)) < 1',
      [
        [null, 'orange'],
        [1, 'green'],
      ],
    ],
    [
      'standing == 1',
      [
        [null, 'green'],
        [1, 'orange'],
      ],
    ],
    [
      'redis_up == 0',
      [
        [null, 'orange'],
        [1, 'green'],
      ],
    ],
    [
      'rate(lost[5m]) > 0',
      [
        [null, 'green'],
        [1e-9, 'orange'],
      ],
    ],
  ] as const)('%s', (expr, expected) => {
    expect(limitsOf([alert(expr)]).map(({ from, colour }) => [from, colour])).toEqual(expected);
  });

  it('go from the mildest to the worst', () => {
    const above = limitsOf([alert('x > 0.9', 'critical'), alert('x > 0.8')]);
    expect(above.map(({ from, colour }) => [from, colour])).toEqual([
      [null, 'green'],
      [0.8, 'orange'],
      [0.9, 'red'],
    ]);
    const below = limitsOf([alert('x < 0.2'), alert('x < 0.1', 'critical')]);
    expect(below.map(({ from, colour }) => [from, colour])).toEqual([
      [null, 'red'],
      [0.1, 'orange'],
      [0.2, 'green'],
    ]);
  });

  it('are green alone where the stack has no such alert', () => {
    expect(limitsOf([])).toEqual([{ from: null, colour: 'green' }]);
  });

  it('are refused where there are none', () => {
    expect(() => limitsOf([alert('absent(up)')])).toThrow('the rule of Late compares nothing with a number');
    expect(() => limitsOf([alert('x > 3'), alert('x < 1')])).toThrow('point in different directions');
  });
});
