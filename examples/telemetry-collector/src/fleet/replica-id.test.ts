import { describe, expect, it } from 'vitest';
import { replicaId } from './replica-id.js';

describe('the id of a collector without a name', () => {
  it('is that of its machine and its port', () => {
    expect(replicaId(8_080, 'rack-1.example')).toBe('rack-1.example:8080');
    expect(replicaId(8_080)).toMatch(/^[A-Za-z0-9_.-]+:8080$/);
  });

  it('can be a name in the fleet, whatever the machine is called', () => {
    expect(replicaId(1, 'räck 1/~')).toBe('r-ck-1--:1');
    expect(replicaId(65_535, 'x'.repeat(300))).toHaveLength(96);
    expect(replicaId(1, '')).toBe('localhost:1');
  });
});
