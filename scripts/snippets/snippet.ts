/** A block of TypeScript in a Markdown file. It stands alone: nothing of an earlier block is in its scope. */
export interface Snippet {
  /** Relative to the root. */
  readonly file: string;
  /** The line of its opening fence. */
  readonly line: number;
  readonly code: string;
  /** What it says it prints: the text of its `// →` comments, in order. */
  readonly prints: readonly string[];
}

const FENCE = /^( *)```(\S*)\s*$/;
const PRINTS = /\/\/ → (.*?)\s*$/;

/** Every block of a Markdown file whose fence says `ts`. */
export function readSnippets(file: string, markdown: string): Snippet[] {
  const snippets: Snippet[] = [];
  let open: { language: string; line: number; indent: number; code: string[] } | undefined;
  for (const [index, text] of markdown.split('\n').entries()) {
    const fence = FENCE.exec(text);
    if (open === undefined) {
      if (fence !== null) open = { language: fence[2]!, line: index + 1, indent: fence[1]!.length, code: [] };
    } else if (fence === null || fence[2] !== '') {
      open.code.push(text.slice(open.indent));
    } else {
      if (open.language === 'ts') snippets.push(toSnippet(file, open.line, open.code));
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`${file}:${open.line} a code block is never closed`);
  return snippets;
}

function toSnippet(file: string, line: number, code: readonly string[]): Snippet {
  const prints = code.flatMap((text) => PRINTS.exec(text)?.[1] ?? []);
  return { file, line, code: code.join('\n'), prints };
}
