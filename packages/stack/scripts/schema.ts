import { writeFileSync } from 'node:fs';
import { editorSchema } from '../src/file/json-schema.js';

/** Writes the editor schema of stack files: `npm run schema -w @breakwater/stack`. */
const file = new URL('../stack.schema.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(editorSchema(), null, 2)}\n`);
