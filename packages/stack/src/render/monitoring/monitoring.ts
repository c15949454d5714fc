import type { Plan } from '../../plan/plan.js';
import type { RenderedFile } from '../rendered-file.js';

export function renderMonitoring(_plan: Plan): RenderedFile[] {
  return [];
}
