import type { DeliveryEvent } from '@breakwater/delivery';
import type { News } from '../event-log.js';
import { presentable } from '../flow/turn-error.js';
import { count, duration, many } from '../terminal/words.js';

/** What an event means to an operator. */
export function newsOf(event: DeliveryEvent): News {
  const { type, ...details } = event;
  const fields = 'holdMs' in details ? { ...details, holdMs: Math.round(details.holdMs) } : details;
  const news = (level: News['level'], message: string): News => ({
    level,
    message,
    fields: { event: type, ...fields },
  });
  switch (event.type) {
    case 'lane.held':
      return news('warn', `${laneOf(event)} waits ${duration(event.holdMs)}: ${presentable(event.words)}`);
    case 'lane.resumed':
      return news('info', `${laneOf(event)} takes points again`);
    case 'lane.batch_limit':
      return news('info', `${event.backend} takes requests of ${count(event.maxBytes)} bytes at most`);
    case 'lane.quarantined':
      return news('warn', `${event.backend} refused ${many(event.points, 'point')}: ${presentable(event.words)}`);
    case 'lane.rewound':
      return news('warn', `${event.backend} was restarted: ${many(event.points, 'point')} are sent to it again`);
    case 'lane.expired':
      return news('warn', `${many(event.points, 'point')} for ${event.backend} expired (${event.reason})`);
    case 'lane.damaged':
      return news('error', `${many(event.points, 'point')} for ${event.backend} are damaged on disk: see spool verify`);
    case 'lane.orphaned':
      return news(
        'warn',
        `${event.backend} is not in INFLUX_URLS; ${many(event.points, 'point')} are kept for it: put it back, or see spool release`,
      );
    case 'intake.closed':
      return event.reason === 'shutdown'
        ? news('info', 'the log takes no more')
        : news('error', `the log takes nothing: ${presentable(event.message)}`);
    case 'intake.opened':
      return news('info', 'the log takes points again');
    case 'slot.adopted':
      return news('info', `delivers ${event.slot} too, which a process that is gone has left behind`);
    case 'slot.finished':
      return news('info', `has delivered what was left in ${event.slot}`);
    case 'trouble':
      return {
        level: 'warn',
        message: `${event.what}: ${presentable(wordsOf(event.error))}`,
        fields: { event: type, err: event.error },
      };
  }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const laneOf = ({ backend, destination }: { backend: string; destination?: string }): string =>
  destination === undefined ? backend : `${backend} (${presentable(destination)})`;
