import type { Finding } from '../../finding.js';
import type { Span } from '../../promql/expression.js';
import type { Path, YamlDocument } from '../../source/yaml-source.js';

/** A PromQL expression in a file, and who uses it. */
export interface Usage {
  readonly document: YamlDocument;
  /** Where its text stands. */
  readonly path: Path;
  /** `alert HighLatency`, `panel "CPU"` */
  readonly subject: string;
  /** As it is read: variables of Grafana replaced. */
  readonly text: string;
  /** Texts with `{{ label }}` in them, by path. */
  readonly templates: readonly Template[];
}

export interface Template {
  readonly path: Path;
  /** What it is called, for messages: `annotation "summary"`. */
  readonly name: string;
  /** The labels that it shows. */
  readonly labels: readonly string[];
}

/** A finding about a place in an expression. */
export function findingAt(
  usage: Usage,
  span: Span,
  { severity, message, fix }: Pick<Finding, 'severity' | 'message' | 'fix'>,
): Omit<Finding, 'check'> {
  const line = usage.document.lineInText(usage.path, usage.text.slice(0, span.from).split('\n').length - 1);
  return { severity, file: usage.document.file, line, message: `${usage.subject} ${message}`, fix };
}
