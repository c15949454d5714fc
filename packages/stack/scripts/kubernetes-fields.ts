import { writeFileSync } from 'node:fs';
import { readFieldTable } from './kubernetes/field-types.js';

/** Writes the fields of Kubernetes' objects anew: `npm run kubernetes-fields`. */
const file = new URL('../data/kubernetes-fields.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(readFieldTable(), null, 1)}\n`);
