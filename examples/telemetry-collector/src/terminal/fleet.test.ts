import { describe, expect, it } from 'vitest';
import { type FleetGlance, fleetLines } from './fleet.js';

const glance = (standing: FleetGlance['standing']): FleetGlance => ({
  name: 'edge',
  standing,
  members: 3,
  targets: 1_200,
});

describe('the line on the fleet', () => {
  it.each([
    ['member', '⇄ fleet edge: one of 3 members · polls 400 of 1,200 targets'],
    ['joining', '⇄ fleet edge: joining 3 members · polls 400 of 1,200 targets'],
    ['alone', '⇄ fleet edge: Redis is away, so it polls everything · polls 400 of 1,200 targets'],
    ['unsure', '⇄ fleet edge: it has no lease, so it asks Redis before it polls · polls 400 of 1,200 targets'],
    ['out', '⇄ fleet edge: not a member · polls 400 of 1,200 targets'],
  ] as const)('says how it stands: %s', (standing, line) => {
    expect(fleetLines(glance(standing), 400)).toEqual([line]);
  });

  it('is not there where there is no fleet', () => {
    expect(fleetLines(undefined, 400)).toEqual([]);
  });
});
