import type { Context, Recorder } from '@breakwater/resilience';
import type { Sink } from './sink.js';
import { SinkError } from './sink-error.js';

/** Gives every line to every sink. None of them stands for another: what one of them loses is a loss. */
export class FanOut implements Sink {
  readonly name: string;
  readonly #sinks: readonly Sink[];

  constructor(sinks: readonly Sink[]) {
    this.name = sinks.map(({ name }) => name).join(', ');
    this.#sinks = sinks;
  }

  /** Ends when the last of them has; fails when one of them has. */
  async write(lines: readonly string[], context: Context): Promise<void> {
    const results = await Promise.allSettled(this.#sinks.map((sink) => sink.write(lines, context)));
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    if (errors.length > 0) throw this.#sum(errors, lines.length);
  }

  #sum(errors: readonly unknown[], lines: number): unknown {
    const [first] = errors;
    if (errors.length === 1 || !(first instanceof SinkError)) return first;
    const most = Math.max(...errors.map((error) => (error instanceof SinkError ? error.lines : lines)));
    const words = errors.map((error) => (error instanceof Error ? error.message : String(error)));
    return new SinkError(
      `${errors.length} of ${this.#sinks.length} sinks`,
      first.reason,
      most,
      words.join('; '),
      first,
    );
  }

  async close(): Promise<void> {
    const results = await Promise.allSettled(this.#sinks.map((sink) => sink.close()));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  measure(record: Recorder): void {
    for (const sink of this.#sinks) sink.measure(record);
  }
}
