import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFieldTable } from './kubernetes/field-types.js';
import { ROOT } from './workspace.js';

/** Writes packages/stack/data/kubernetes-fields.json anew: `npm run kubernetes-fields`. */
const file = join(ROOT, 'packages/stack/data/kubernetes-fields.json');
writeFileSync(file, `${JSON.stringify(readFieldTable(), null, 1)}\n`);
