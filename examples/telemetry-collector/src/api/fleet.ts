import type { Load, Member, Standing } from '@breakwater/fleet';
import type { FastifyInstance } from 'fastify';
import type { Fleet } from '../fleet/fleet.js';
import { presentable } from '../flow/turn-error.js';
import { Problem } from './problem.js';
import { expose } from './routes.js';

/** More members are only counted: an answer is not to grow with the fleet. */
const MOST_MEMBERS = 1_000;

interface MemberView {
  readonly id: string;
  /** By the clock of Redis; null: it is no time. */
  readonly leaseEndsAt: string | null;
  readonly load: Load;
}

/** Serves what this collector knows of its fleet. */
export function exposeFleet(app: FastifyInstance, fleet: Fleet | undefined): void {
  expose(app, 'GET', '/fleet', async () => {
    if (fleet === undefined) throw new Problem(404, 'not-found', 'there is no fleet without a Redis; set REDIS_URL');
    const roll = await fleet.roll();
    return {
      fleet: fleet.name,
      id: fleet.id === '' ? null : fleet.id,
      standing: standingView(fleet.standing, fleet.holds),
      redis: fleet.redis,
      ...('members' in roll
        ? { total: roll.members.length, members: roll.members.slice(0, MOST_MEMBERS).map(memberView), error: null }
        : { total: null, members: null, error: roll.failure }),
      readAt: new Date(roll.atMs).toISOString(),
    };
  });
}

/** How it stands, and what that lets it poll. */
function standingView(standing: Standing, holds: boolean): Readonly<Record<string, unknown>> {
  const { kind } = standing;
  const view = { kind, holds };
  if (kind === 'alone') return { ...view, since: new Date(standing.sinceMs).toISOString() };
  if (kind === 'joining') return { ...view, kept: typeof standing.kept === 'string' ? standing.kept : 'share' };
  return view;
}

const memberView = ({ id, leaseEndsAt, load }: Member): MemberView => ({
  id: presentable(id),
  leaseEndsAt: timeOf(leaseEndsAt),
  load,
});

/** What others wrote into Redis may be beyond every calendar. */
function timeOf(wallMs: number): string | null {
  const time = new Date(wallMs);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}
