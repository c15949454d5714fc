import { Document } from 'yaml';
import { HEADING } from './rendered-file.js';

/** Typed objects as YAML documents, in a form that does not depend on anything but them. */
export function yamlText(documents: readonly unknown[]): string {
  const texts = documents.map((value) =>
    // `on` is a word to us and true to whoever reads YAML 1.1, docker-compose and kubectl among them: it is quoted.
    new Document(value, { aliasDuplicateObjects: false, compat: 'yaml-1.1' }).toString({
      lineWidth: 0,
      singleQuote: false,
    }),
  );
  return HEADING + texts.join('---\n');
}
