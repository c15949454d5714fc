import type { WriteStream } from 'node:tty';
import { account, drawDashboard } from './dashboard.js';
import { fleetLines } from './fleet.js';
import { laneLines } from './lanes.js';
import { Screen } from './screen.js';
import type { Snapshot } from './snapshot.js';
import { type Paint, paintFor } from './style.js';
import { drawSummary } from './summary.js';

/** How people see the collector work. */
export interface View {
  /** How often it wants to be told, in milliseconds. */
  readonly everyMs: number;
  /** What stands above everything. */
  begin(heading: readonly string[]): void;
  update(snapshot: Snapshot): void;
  /** Something happened that is worth a line. */
  tell(news: string): void;
  /** Gives the terminal back, and says what it all amounted to. */
  conclude(snapshot: Snapshot): void;
  /** Gives the terminal back. */
  close(): void;
}

/** How much news the live view keeps in sight. */
const NEWS = 4;

/** A table in the terminal, drawn anew twice a second. */
export class LiveView implements View {
  readonly everyMs = 500;
  #heading: readonly string[] = [];
  readonly #screen: Screen;
  readonly #paint: Paint;
  readonly #terminal: WriteStream;
  readonly #news: string[] = [];

  constructor(terminal: WriteStream, env: Readonly<Record<string, string | undefined>>) {
    this.#terminal = terminal;
    this.#screen = new Screen(terminal);
    this.#paint = paintFor(true, env);
  }

  begin(heading: readonly string[]): void {
    this.#heading = heading;
  }

  update(snapshot: Snapshot): void {
    this.#screen.draw(drawDashboard(this.#heading, snapshot, this.#news, this.#screen.size, this.#paint));
  }

  tell(news: string): void {
    this.#news.push(news);
    if (this.#news.length > NEWS) this.#news.shift();
  }

  conclude(snapshot: Snapshot): void {
    this.close();
    const lines = [...this.#heading, '', ...drawSummary(snapshot, this.#screen.size.columns, this.#paint)];
    this.#terminal.write(`${lines.join('\n')}\n`);
  }

  close(): void {
    this.#screen.close();
  }
}

export interface PlainViewOptions {
  everyMs: number;
  /** Whether every target is told of in the end. */
  summary: boolean;
  write: (line: string) => void;
}

/** How wide a table is where no terminal says it. */
const PLAIN_COLUMNS = 120;

/** Lines for a file, a pipe or a service manager: the news as it comes, and the account now and then. */
export class PlainView implements View {
  readonly everyMs: number;
  readonly #options: PlainViewOptions;

  constructor(options: PlainViewOptions) {
    this.everyMs = options.everyMs;
    this.#options = options;
  }

  begin(heading: readonly string[]): void {
    for (const line of heading) this.#options.write(line);
  }

  update(snapshot: Snapshot): void {
    const { fleet, targets, lanes } = snapshot;
    const lines = [account(snapshot), ...fleetLines(fleet, targets.length), ...laneLines(lanes)];
    for (const line of lines) this.#options.write(line);
  }

  tell(news: string): void {
    this.#options.write(news);
  }

  conclude(snapshot: Snapshot): void {
    const { write, summary } = this.#options;
    if (!summary) {
      this.update(snapshot);
      return;
    }
    for (const line of ['', ...drawSummary(snapshot, PLAIN_COLUMNS, paintFor(false, {}))]) write(line);
  }

  close(): void {}
}
