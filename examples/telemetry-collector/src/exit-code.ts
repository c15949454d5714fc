import type { DeliveryReport } from './delivery/delivery.js';
import type { Logger } from './log.js';
import type { DrainReport } from './service.js';
import { count, many } from './terminal/words.js';

/**
 * 0 when everything that ran was finished and written; 1 when something had to be given up. Points that stay in the log
 * are not lost: the next process with the folder delivers them. They count as given up only where they were to be handed
 * over, since then nobody may come back for the folder.
 */
export function exitCode(
  { abortedTurns, lostLines, delivery }: DrainReport,
  log: Pick<Logger, 'info' | 'warn' | 'error'>,
): number {
  const isLeft = delivery !== undefined && tellOfDelivery(delivery, log);
  if (abortedTurns > 0 || lostLines > 0) {
    log.error(
      { abortedTurns, lostLines },
      `gave up ${many(abortedTurns, 'turn')} and ${many(lostLines, 'line')} to stop in time`,
    );
    return 1;
  }
  if (isLeft) return 1;
  log.info('drained');
  return 0;
}

/** Whether points are left that should not be. */
function tellOfDelivery(report: DeliveryReport, log: Pick<Logger, 'info' | 'warn' | 'error'>): boolean {
  const { left, leftPoints, handedOverPoints, directory, wasToHandOver } = report;
  if (handedOverPoints > 0) log.info({ handedOverPoints }, `handed over ${many(handedOverPoints, 'point')}`);
  if (leftPoints === 0) return false;
  const byBackend = [...left].filter(([, points]) => points > 0);
  const words = byBackend.map(([backend, points]) => `${backend}: ${count(points)}`).join(', ');
  const fields = { left: Object.fromEntries(byBackend), directory };
  if (wasToHandOver) {
    log.error(
      fields,
      `could not hand over what waits in ${directory} (${words}); keep that folder, and start again with it`,
    );
    return true;
  }
  log.warn(fields, `what waits in ${directory} is delivered at the next start with that folder (${words})`);
  return false;
}
