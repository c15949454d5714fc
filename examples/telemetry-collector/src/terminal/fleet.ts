import type { StandingKind } from '@breakwater/fleet';
import { count, many } from './words.js';

/** How the collector stands with those that it shares the targets with. */
export interface FleetGlance {
  readonly name: string;
  readonly standing: StandingKind;
  /** Those that are known to live, itself included. */
  readonly members: number;
  /** Targets of the file, whoever polls them. */
  readonly targets: number;
}

/** A line on the fleet; none where there is none. `polled`: targets that are polled here. */
export function fleetLines(fleet: FleetGlance | undefined, polled: number): string[] {
  if (fleet === undefined) return [];
  const { name, standing, members, targets } = fleet;
  const share = `polls ${count(polled)} of ${many(targets, 'target')}`;
  return [`⇄ fleet ${name}: ${standingWords(standing, members)} · ${share}`];
}

function standingWords(standing: StandingKind, members: number): string {
  switch (standing) {
    case 'alone':
      return 'Redis is away, so it polls everything';
    case 'joining':
      return `joining ${many(members, 'member')}`;
    case 'member':
      return `one of ${many(members, 'member')}`;
    case 'unsure':
      return 'it has no lease, so it asks Redis before it polls';
    case 'out':
      return 'not a member';
  }
}
