import { parseSync, Visitor } from 'vite';
import { isTest, type Problem, type Repository } from './repository.js';

const CALLS = new Set(['it', 'test', 'describe', 'suite', 'bench']);
const MODIFIERS = new Set(['skip', 'only', 'todo', 'fails', 'skipIf', 'runIf']);

/** Tests that are skipped, focused, left to do or expected to fail, whatever the condition. */
export function checkUnfinishedTests({ sources }: Repository): Problem[] {
  return sources.filter(({ file }) => isTest(file)).flatMap(({ file, text }) => modifiersIn(file, text));
}

function modifiersIn(file: string, text: string): Problem[] {
  const problems: Problem[] = [];
  new Visitor({
    MemberExpression(node) {
      if (node.property.type !== 'Identifier' || !MODIFIERS.has(node.property.name)) return;
      // `it.concurrent.skip` is a chain: its beginning says whether it is a test's.
      let start = node.object;
      while (start.type === 'MemberExpression') start = start.object;
      if (start.type !== 'Identifier' || !CALLS.has(start.name)) return;
      const line = text.slice(0, node.start).split('\n').length;
      problems.push({ file, line, message: `.${node.property.name}: a test runs, or it is deleted` });
    },
  }).visit(parseSync(file, text).program);
  return problems;
}
