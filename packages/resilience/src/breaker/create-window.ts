import { CountWindow } from './count-window.js';
import { TimeWindow } from './time-window.js';
import type { Window, WindowSettings } from './window.js';

export function createWindow(settings: WindowSettings): Window {
  return settings.kind === 'count'
    ? new CountWindow(settings.calls)
    : new TimeWindow(settings.durationMs, settings.buckets);
}
