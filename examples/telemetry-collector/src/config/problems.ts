import { ConfigError } from '@breakwater/resilience';

/** Gathers what is wrong, so that one start tells all of it. */
export class Problems {
  readonly #messages: string[] = [];

  /** What `read` returns; undefined, and a problem more, when it throws a ConfigError. */
  attempt<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.add(error.message);
      return undefined;
    }
  }

  add(message: string): void {
    this.#messages.push(message);
  }

  /** @throws ConfigError with every problem, if there is one. */
  check(): void {
    const count = this.#messages.length;
    if (count === 0) return;
    if (count === 1) throw new ConfigError(this.#messages[0]!);
    throw new ConfigError(`${count} settings cannot be used:\n  ${this.#messages.join('\n  ')}`);
  }
}
