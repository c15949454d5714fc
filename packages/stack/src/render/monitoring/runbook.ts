import type { Plan } from '../../plan/plan.js';
import type { RenderedFile } from '../rendered-file.js';

export function renderRunbook(_plan: Plan): RenderedFile[] {
  return [];
}
