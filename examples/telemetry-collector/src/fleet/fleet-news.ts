import { FleetError, type FleetEvent, type Standing } from '@breakwater/fleet';
import type { News } from '../event-log.js';
import { presentable } from '../flow/turn-error.js';
import { many } from '../terminal/words.js';

/** What an event means to an operator; undefined: nothing that has to be read at night. Ids come from others. */
export function newsOf(event: FleetEvent): News | undefined {
  const news = (level: News['level'], message: string, fields: News['fields'] = {}): News => ({
    level,
    message,
    fields: { event: event.type, ...fields },
  });
  switch (event.type) {
    case 'member.standing': {
      const [level, words] = standingNews(event) ?? [];
      if (level === undefined || words === undefined) return undefined;
      return news(level, words, { id: presentable(event.id), standing: event.standing.kind });
    }
    case 'member.superseded': {
      const [id, now] = [presentable(event.id), presentable(event.now)];
      const words = `another replica is called ${id} too; this one goes on as ${now}: give each a REPLICA_ID of its own`;
      return news('warn', words, { id, now });
    }
    case 'fleet.emptied':
      return news('warn', 'Redis has forgotten the fleet: it was emptied, or has an earlier state again');
    case 'redis.ready':
      return isOfCalls(event) ? news('info', `Redis at ${event.address} answers`) : undefined;
    case 'redis.lost': {
      if (!isOfCalls(event)) return undefined;
      const what = event.reason === 'refused' ? 'refuses this collector' : 'is away';
      return news(
        event.reason === 'refused' ? 'error' : 'warn',
        `Redis at ${event.address} ${what}: ${presentable(event.error.message)}`,
      );
    }
    case 'breaker.hinted': {
      const { key: target, to, attempts } = event;
      return news('info', `${target}: circuit ${to === 'open' ? 'opened' : 'closed'} on what other replicas saw`, {
        target,
        attempts,
      });
    }
    case 'breaker.alone':
      return news('warn', `circuits are not shared: ${presentable(wordsOf(event.error))}`);
    case 'breaker.rejoined':
      return news('info', 'circuits are shared again');
    case 'limiter.mode': {
      const [level, words] = limitNews(event) ?? [];
      if (level === undefined || words === undefined) return undefined;
      return news(level, `${event.limiter} ${presentable(words)}`, { limit: event.limiter, mode: event.mode });
    }
    case 'trouble':
      // Where Redis is the matter its words are all there is to say: the stack is ours, and says nothing.
      return news(
        'warn',
        `${event.what}: ${presentable(wordsOf(event.error))}`,
        isOfRedis(event.error) ? {} : { err: event.error },
      );
    default:
      return undefined;
  }
}

/** What a limit of the targets file stands on. That it was given up is in the file. */
function limitNews({
  mode,
  permits,
  replicas,
  why,
}: Extract<FleetEvent, { type: 'limiter.mode' }>): readonly [News['level'], string] | undefined {
  switch (mode) {
    case 'fleet':
      return ['info', `is open: ${permits} at once in ${many(replicas, 'replica')}`];
    case 'share':
      return ['warn', `lets this replica alone poll ${permits} at once: ${why}`];
    case 'closed':
    case 'lost':
      return ['warn', `lets no turn of its targets begin: ${why}`];
    default:
      return undefined;
  }
}

type StandingEvent = Extract<FleetEvent, { type: 'member.standing' }>;

/** So many names fit into a line. */
const NAMED = 3;

/** That it joins is no news while it has not: what matters is when it shares, and when it does not. */
function standingNews({ standing, before }: StandingEvent): readonly [News['level'], string] | undefined {
  switch (standing.kind) {
    case 'member':
      return [
        'info',
        (standing.ids.length === 1
          ? 'is the only member of the fleet'
          : `shares the targets with ${many(standing.ids.length - 1, 'other replica')}`) +
          movesBetween(before, standing),
      ];
    case 'alone':
      return ['warn', 'polls every target, since Redis cannot say which are its own'];
    case 'unsure':
      return [
        'warn',
        'has no lease (it stood still, or lost its name): polls nothing until Redis has answered, or not',
      ];
    case 'out':
      return ['info', 'left the fleet'];
    case 'joining':
      return undefined;
  }
}

/** Who came and who went, where it was a member before: at night one wants to know which. */
function movesBetween(before: Standing, now: Standing): string {
  if (!('ids' in before && 'ids' in now) || (before.kind === 'joining' && before.kept === 'nothing')) return '';
  const came = now.ids.filter((id) => !before.ids.includes(id));
  const gone = before.ids.filter((id) => !now.ids.includes(id));
  return `${listed('new', came)}${listed('gone', gone)}`;
}

function listed(what: string, ids: readonly string[]): string {
  if (ids.length === 0) return '';
  const more = ids.length > NAMED ? ` and ${ids.length - NAMED} more` : '';
  return `; ${what}: ${ids.slice(0, NAMED).map(presentable).join(', ')}${more}`;
}

const isOfRedis = (error: unknown): boolean =>
  error instanceof FleetError || (error instanceof Error && error.name === 'ReplyError');

/** The connection for messages goes with it, or is a matter for metrics. */
const isOfCalls = ({ connection }: { connection: string }): boolean => connection === 'calls';

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
