import { z } from 'zod';
import { stackSchema } from './schema.js';

/** The stack file for editors: JSON Schema 2020-12 of what may be written, not of what it becomes. */
export function editorSchema(): Record<string, unknown> {
  return z.toJSONSchema(stackSchema, { io: 'input' });
}
