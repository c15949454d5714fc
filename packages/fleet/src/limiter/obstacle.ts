import type { Beat, Closure } from './permit-store.js';
import type { Share } from './share.js';

const SINCE: Record<Closure, string> = {
  new: 'it is new to Redis',
  'other-server': 'Redis was restarted, or another server took over',
  unserved: 'nobody was served for long, and not all replicas had left',
  forgotten: 'Redis has forgotten it',
};

/** Why a replica that cannot ask Redis gives no permits. */
export function lostWords({ words, fromMs }: Share, now: number): string {
  const when = Number.isFinite(fromMs) && fromMs > now ? ` (in ${seconds(fromMs - now)})` : '';
  return `Redis is lost, so there is no limit for the fleet; of this replica: ${words}${when}`;
}

/** Why nobody gives permits although Redis answers. */
export function closedWords(beat: Beat | undefined, trouble: unknown): string {
  if (beat === undefined) {
    const why = trouble instanceof Error ? `: ${trouble.message}` : '';
    return `the limit of the fleet is not in use yet${why}`;
  }
  const until = 'until all that may run without Redis knowing of it has ended';
  if (beat.opensInMs === 0) return `the limit of the fleet is closed here ${until}`;
  return `the limit of the fleet is closed for ${seconds(beat.opensInMs)}, since ${SINCE[beat.closure]}: ${until}`;
}

const seconds = (ms: number): string => `${Math.ceil(ms / 1_000)} s`;
