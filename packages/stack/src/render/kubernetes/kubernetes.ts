import type { Plan } from '../../plan/plan.js';
import type { RenderedFile } from '../rendered-file.js';

export function renderKubernetes(_plan: Plan): RenderedFile[] {
  return [];
}
