import { outranks, type Stamp } from './stamp.js';
import { type Workload, WorkloadConflict, type WorkloadView } from './workload.js';

/** Names the term that it was made under, so that a judge can tell. */
export interface SignedChange {
  readonly by: Stamp;
}

/** A workload in memory that writes down what it accepted. */
export class JudgedWorkload implements Workload<SignedChange> {
  readonly accepted: Stamp[] = [];
  readonly stamps: Stamp[] = [];
  refused = 0;
  #version = 1;
  #stamp: Stamp | undefined;
  readonly #options: { readonly tellsVersions?: boolean; readonly checksVersions?: boolean };

  constructor(options: { readonly tellsVersions?: boolean; readonly checksVersions?: boolean } = {}) {
    this.#options = options;
  }

  async read(): Promise<WorkloadView> {
    return { version: String(this.#version), stamp: this.#stamp };
  }

  async stamp(stamp: Stamp, expectedVersion: string): Promise<string | undefined> {
    const version = this.#write(expectedVersion);
    this.#stamp = stamp;
    this.stamps.push(stamp);
    return version;
  }

  async act({ by }: SignedChange, expectedVersion: string): Promise<string | undefined> {
    const version = this.#write(expectedVersion);
    this.accepted.push(by);
    return version;
  }

  /** Somebody who knows nothing of stamps changes it: a person, a status update. */
  touch(): void {
    this.#version++;
  }

  /** Somebody applies a manifest without the stamp, or with one of their own. */
  restamp(stamp: Stamp | undefined): void {
    this.#version++;
    this.#stamp = stamp;
  }

  /** What was accepted although a later term's had been. */
  get outOfOrder(): readonly Stamp[] {
    const wrong = (all: readonly Stamp[]) => all.filter((stamp, at) => at > 0 && outranks(all[at - 1]!, stamp));
    return [...wrong(this.accepted), ...wrong(this.stamps)];
  }

  #write(expectedVersion: string): string | undefined {
    const { tellsVersions = true, checksVersions = true } = this.#options;
    if (checksVersions && expectedVersion !== String(this.#version)) {
      this.refused++;
      throw new WorkloadConflict(`expected version ${expectedVersion}, it is ${this.#version}`);
    }
    this.#version++;
    return tellsVersions ? String(this.#version) : undefined;
  }
}
