import { createHash } from 'node:crypto';
import { type Clock, type Measured, type Recorder, systemClock } from '@breakwater/resilience';
import { changesBetween, type TargetChanges } from './changes.js';
import { FileWatch } from './file-watch.js';
import { TARGETS_FILE_METRICS as METRICS } from './metrics.js';
import { TargetsFileError } from './mistakes.js';
import { parseTargets, type TargetSet } from './parse.js';
import { readTextFile } from './read-file.js';
import { MAX_FILE_BYTES } from './schema.js';

/** Why the file is read. */
export type ReadCause = 'start' | 'signal' | 'change';

/** What came of reading the file again. */
export type ReloadOutcome =
  | { readonly outcome: 'unchanged' }
  | { readonly outcome: 'changed'; readonly changes: TargetChanges; readonly targets: number }
  /** The last good one stays in force. */
  | { readonly outcome: 'broken'; readonly error: TargetsFileError };

export interface TargetStoreOptions {
  file: string;
  /** Where secrets are looked up. */
  env: Readonly<Record<string, string | undefined>>;
  clock?: Clock;
  /** Told of every reading after the first, and why it was done. */
  onReload?: (outcome: ReloadOutcome, cause: ReadCause) => void;
}

/** As many as a metric's value holds exactly. */
const HASH_DIGITS = 12;
const NONE: TargetSet = new Map();

/**
 * The targets of a file, read again on SIGHUP and when the file changes. A file that cannot be used changes nothing: the
 * targets stay, and `onReload` and the metrics say so.
 */
export class TargetStore implements Measured {
  readonly #options: TargetStoreOptions;
  readonly #clock: Clock;
  readonly #watch: FileWatch;
  readonly #reads = { unchanged: 0, changed: 0, broken: 0 };
  #targets = NONE;
  /** Of the file as it was read last. */
  #digest: string | undefined;
  /** Of the file whose targets are in force. */
  #hash = 0;
  #error: TargetsFileError | undefined;
  #loadedMs: number | undefined;
  #changed: (changes: TargetChanges) => void = () => {};
  #reading: Promise<void> = Promise.resolve();
  #asked = false;
  #closed = false;

  constructor(options: TargetStoreOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#watch = new FileWatch({ file: options.file, clock: this.#clock, onChange: () => void this.reload('change') });
  }

  /** The targets in force. */
  get targets(): TargetSet {
    return this.#targets;
  }

  /** What is wrong with the file as it is now. */
  get error(): TargetsFileError | undefined {
    return this.#error;
  }

  /**
   * Reads the file for the first time, then watches it. `changed` is told of every change, of the first targets too.
   * @throws TargetsFileError when the file cannot be used: nobody starts on a guess.
   */
  async start(changed: (changes: TargetChanges) => void): Promise<void> {
    this.#changed = changed;
    await this.#read('start');
    if (this.#error !== undefined) throw this.#error;
    this.#watch.start();
    process.on('SIGHUP', this.#onSignal);
  }

  async close(): Promise<void> {
    this.#closed = true;
    process.off('SIGHUP', this.#onSignal);
    this.#watch.close();
    await this.#reading;
  }

  /** Reads the file again. Asked while it is being read, it reads once more afterwards, however often it was asked. */
  reload(cause: ReadCause): Promise<void> {
    if (this.#asked) return this.#reading;
    this.#asked = true;
    this.#reading = this.#reading.then(async () => {
      this.#asked = false;
      if (this.#closed) return;
      this.#options.onReload?.(await this.#read(cause), cause);
    });
    return this.#reading;
  }

  readonly #onSignal = (): void => void this.reload('signal');

  async #read(cause: ReadCause): Promise<ReloadOutcome> {
    const result = await this.#readFile();
    // Whoever asks by hand wants to hear it again.
    if (result.digest === this.#digest && cause !== 'signal') return this.#same();
    this.#digest = result.digest;
    const targets = 'error' in result ? result.error : await this.#parse(result.text);
    if (targets instanceof TargetsFileError) return this.#refuse(targets);
    this.#hash = Number.parseInt(result.digest.slice(0, HASH_DIGITS), 16);
    return this.#take(targets);
  }

  async #readFile(): Promise<{ digest: string } & ({ text: string } | { error: TargetsFileError })> {
    try {
      const text = await readTextFile(this.#options.file, MAX_FILE_BYTES);
      return { text, digest: createHash('sha256').update(text).digest('hex') };
    } catch (error) {
      if (!(error instanceof TargetsFileError)) throw error;
      return { error, digest: error.message };
    }
  }

  async #parse(text: string): Promise<TargetSet | TargetsFileError> {
    try {
      return await parseTargets(text, this.#options);
    } catch (error) {
      if (error instanceof TargetsFileError) return error;
      throw error;
    }
  }

  #same(): ReloadOutcome {
    this.#reads.unchanged++;
    return { outcome: 'unchanged' };
  }

  #refuse(error: TargetsFileError): ReloadOutcome {
    this.#error = error;
    this.#reads.broken++;
    return { outcome: 'broken', error };
  }

  #take(targets: TargetSet): ReloadOutcome {
    const isMended = this.#error !== undefined;
    const isFirst = this.#loadedMs === undefined;
    const changes = changesBetween(this.#targets, targets);
    const isSame = changes.added.length + changes.changed.length + changes.removed.length === 0;
    this.#error = undefined;
    if (isSame && !isFirst && !isMended) return this.#same();
    this.#reads.changed++;
    this.#targets = targets;
    this.#loadedMs = this.#clock.wall();
    if (!isSame || isFirst) this.#changed(changes);
    return { outcome: 'changed', changes, targets: targets.size };
  }

  measure(record: Recorder): void {
    for (const [outcome, count] of Object.entries(this.#reads)) record(METRICS.reads, { outcome }, count);
    record(METRICS.broken, {}, this.#error === undefined ? 0 : 1);
    record(METRICS.mistakes, {}, this.#error?.total ?? 0);
    record(METRICS.hash, {}, this.#hash);
    record(METRICS.loaded, {}, (this.#loadedMs ?? 0) / 1000);
  }
}
