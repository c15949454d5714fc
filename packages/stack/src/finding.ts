/** Something that would not work, where it stands, and what to write instead. */
export interface Finding {
  /** Which check found it, such as `proxy-slots`; docs/stack.md lists them. */
  readonly check: string;
  /** An error would fail or mislead in production; a warning can be meant. */
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** From 1; undefined where the whole file is meant. */
  readonly line?: number | undefined;
  /** What is wrong, with the names and values that do not agree. */
  readonly message: string;
  /** What to write instead. */
  readonly fix: string;
}

/** `file:line: message; fix [check]` */
export function showFinding({ check, severity, file, line, message, fix }: Finding): string {
  const place = line === undefined ? file : `${file}:${line}`;
  return `${place}: ${severity}: ${message}; ${fix} [${check}]`;
}
