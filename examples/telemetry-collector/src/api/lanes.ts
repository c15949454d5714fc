import type { LaneStatus } from '@breakwater/delivery';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { presentable } from '../flow/turn-error.js';
import { duration, many } from '../terminal/words.js';
import { Problem } from './problem.js';
import { expose } from './routes.js';

/** The lanes, and when one has caught up. */
export interface LaneWatch {
  lanes(): readonly LaneStatus[];
  readonly laneMaxLagMs: number;
}

/** What is told of a lane. */
interface LaneView {
  readonly backend: string;
  readonly caughtUp: boolean;
  readonly lagMs: number;
  readonly pendingPoints: number;
  readonly heldPoints: number;
  readonly hold: HoldView | null;
  /** They wait, and keep nobody else waiting. */
  readonly heldDestinations: ReadonlyArray<HoldView & { readonly destination: string }>;
}

interface HoldView {
  readonly reason: string;
  readonly words: string;
}

/** Serves how the lanes are, to proxies that choose where to read, and to people. Without a log there are none. */
export function exposeLanes(app: FastifyInstance, watch: LaneWatch | undefined): void {
  expose(app, 'GET', '/health/lanes', async () => ({
    lanes: (watch?.lanes() ?? []).map((lane) => viewOf(lane, watch!)),
  }));
  expose(app, 'GET', '/health/lanes/*', async (request, reply) => {
    const { '*': name } = request.params as { '*': string };
    const lanes = watch?.lanes() ?? [];
    const lane = laneCalled(name, lanes);
    if (lane === undefined) throw unknownLane(name, lanes);
    return answer(reply, viewOf(lane, watch!));
  });
}

function viewOf(
  { backend, lagMs, pendingPoints, heldPoints, hold, heldDestinations }: LaneStatus,
  { laneMaxLagMs }: LaneWatch,
): LaneView {
  return {
    backend,
    caughtUp: lagMs <= laneMaxLagMs && hold === undefined,
    lagMs: Math.round(lagMs),
    pendingPoints,
    heldPoints,
    hold: hold === undefined ? null : holdView(hold),
    heldDestinations: heldDestinations.map((held) => ({
      destination: presentable(held.destination),
      ...holdView(held),
    })),
  };
}

const holdView = ({ reason, words }: HoldView): HoldView => ({ reason, words: presentable(words) });

function answer(reply: FastifyReply, view: LaneView): LaneView | object {
  if (view.caughtUp) return view;
  reply.code(503);
  const { backend, lagMs, pendingPoints, hold } = view;
  const why = hold === null ? '' : `: ${hold.words}`;
  const message = `${backend} is ${duration(lagMs)} behind with ${many(pendingPoints, 'point')} pending${why}`;
  return { ...view, error: { reason: 'lane-behind', message } };
}

/** By its URL, or by host and port where that can mean one lane only: what a proxy's health check can be given. */
function laneCalled(name: string, lanes: readonly LaneStatus[]): LaneStatus | undefined {
  const exact = lanes.find(({ backend }) => backend === name);
  if (exact !== undefined) return exact;
  const byPlace = lanes.filter(({ backend }) => placesOf(backend).includes(name.toLowerCase()));
  return byPlace.length === 1 ? byPlace[0] : undefined;
}

/** `influx:8086`; of a default port also without it. */
function placesOf(backend: string): string[] {
  const { host, hostname, port, protocol } = new URL(backend);
  return port === '' ? [host, `${hostname}:${protocol === 'https:' ? 443 : 80}`] : [host];
}

function unknownLane(name: string, lanes: readonly LaneStatus[]): Problem {
  const known = lanes.map(({ backend }) => backend).join(', ');
  const told = lanes.length === 0 ? 'INFLUX_URLS is not set, so there are none' : `there are ${known}`;
  return new Problem(404, 'not-found', `no lane is called ${JSON.stringify(name.slice(0, 200))}; ${told}`);
}
