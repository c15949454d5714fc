import { parseSync, Visitor } from 'vite';

export interface Import {
  /** As written: `./clock.js`, `undici`, `node:fs`. */
  readonly specifier: string;
  readonly line: number;
  /** The compiler removes it: no code runs because of it. */
  readonly typeOnly: boolean;
}

/** Every module that a TypeScript source names: imports, re-exports, `import()` of values and of types, `require`. */
export function readImports(file: string, source: string): Import[] {
  const { module, program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]!.message}`);
  const found: Import[] = [];
  const add = (specifier: string, at: number, typeOnly: boolean) =>
    found.push({ specifier, line: source.slice(0, at).split('\n').length, typeOnly });
  // `import { type A }` still runs the module (verbatimModuleSyntax); `import type` does not.
  const statement = (specifier: string, at: number) =>
    add(specifier, at, /^\w+\s+type\b/.test(source.slice(at, at + 40)));

  for (const { moduleRequest, start } of module.staticImports) statement(moduleRequest.value, start);
  for (const { entries, start } of module.staticExports) {
    const request = entries[0]?.moduleRequest;
    if (request != null) statement(request.value, start);
  }
  if (/\b(?:import|require)\s*\(/.test(source)) {
    new Visitor({
      ImportExpression({ source: target, start }) {
        if (target.type === 'Literal' && typeof target.value === 'string') add(target.value, start, false);
      },
      TSImportType: ({ source: target, start }) => void add(target.value, start, true),
      TSExternalModuleReference: ({ expression, start }) => void add(expression.value, start, false),
    }).visit(program);
  }
  return found;
}
