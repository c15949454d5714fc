import { writeFileSync } from 'node:fs';
import { editorSchema } from '../src/targets/json-schema.js';

/** Writes the editor schema of targets files: `npm run schema -w @breakwater/telemetry-collector`. */
const file = new URL('../targets.schema.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(editorSchema(), null, 2)}\n`);
