import { publish } from '../events/events.js';

/** Something failed that will be tried again. */
export const trouble = (what: string, error: unknown): void => publish({ type: 'trouble', what, error });

/** What fails is told, and keeps nobody from what comes next. */
export const attempt = (what: string, act: () => Promise<unknown>): Promise<unknown> =>
  act().catch((error: unknown) => trouble(what, error));
