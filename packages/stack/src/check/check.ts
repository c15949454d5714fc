import type { Finding } from '../finding.js';
import type { Artifacts } from './artifacts.js';

/** One thing that must hold, in one file or across several. */
export interface Check {
  /** `proxy-slots` */
  readonly id: string;
  /** What must hold, in one sentence; docs/stack.md lists it. */
  readonly holds: string;
  readonly run: (artifacts: Artifacts) => ReadonlyArray<Omit<Finding, 'check'>>;
}
