import { type Finding, showFinding } from '../finding.js';

/** A stack file that cannot be used; its message has a line for each mistake. */
export class StackFileError extends Error {
  override readonly name = 'StackFileError';
  readonly code = 'ERR_BREAKWATER_STACK_FILE';
  readonly findings: readonly Finding[];

  constructor(file: string, findings: readonly Finding[]) {
    const mistakes = findings.length === 1 ? '1 mistake' : `${findings.length} mistakes`;
    super([`${file}: ${mistakes}`, ...findings.map((finding) => `  ${showFinding(finding)}`)].join('\n'));
    this.findings = findings;
  }
}
