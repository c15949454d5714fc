import { Document } from 'yaml';
import { HEADING } from './rendered-file.js';

/** Typed objects as YAML documents, in a form that does not depend on anything but them. */
export function yamlText(documents: readonly unknown[]): string {
  const texts = documents.map((value) =>
    new Document(value, { aliasDuplicateObjects: false }).toString({ lineWidth: 0, singleQuote: false }),
  );
  return HEADING + texts.join('---\n');
}
