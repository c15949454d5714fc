import { z } from 'zod';
import { targetsFileSchema } from './schema.js';

/** The targets file for editors: JSON Schema 2020-12 of what may be written, not of what it becomes. */
export function editorSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(targetsFileSchema, { io: 'input' });
  return {
    $schema,
    title: 'Breakwater telemetry collector: targets',
    description: 'What a collector polls. Unknown keys are refused',
    ...schema,
  };
}
