import type { Finding } from '../../finding.js';
import type { Path, YamlDocument } from '../../source/yaml-source.js';

/** A finding of a check, which adds its own id. */
export type Found = Omit<Finding, 'check'>;

export type Value = Readonly<Record<string, unknown>>;

export const asRecord = (value: unknown): Value =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Value) : {};

export const asList = (value: unknown): readonly Value[] => (Array.isArray(value) ? value.map(asRecord) : []);

export const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** One object of Kubernetes in a file, and where it stands. */
export class Manifest {
  readonly document: YamlDocument;
  readonly path: Path;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;

  constructor(document: YamlDocument, path: Path) {
    this.document = document;
    this.path = path;
    this.kind = String(this.at('kind') ?? '');
    this.name = String(this.at('metadata', 'name') ?? '');
    this.namespace = String(this.at('metadata', 'namespace') ?? 'default');
  }

  /** As people call it: `Deployment web`. */
  get title(): string {
    return `${this.kind} ${this.name}`;
  }

  at(...path: Path): unknown {
    return this.document.at([...this.path, ...path]);
  }

  record(...path: Path): Value {
    return asRecord(this.at(...path));
  }

  list(...path: Path): readonly Value[] {
    return asList(this.at(...path));
  }

  lineOf(...path: Path): number {
    return this.document.lineOf([...this.path, ...path]);
  }

  found(path: Path, message: string, fix: string, severity: Finding['severity'] = 'error'): Found {
    return {
      severity,
      file: this.document.file,
      line: this.lineOf(...path),
      message: `${this.title}: ${message}`,
      fix,
    };
  }
}
