import type { WriteStream } from 'node:tty';
import { account, drawDashboard } from './dashboard.js';
import { Screen } from './screen.js';
import type { Snapshot } from './snapshot.js';
import { type Paint, paintFor } from './style.js';

/** How people see the collector work. */
export interface View {
  /** How often it wants to be told, in milliseconds. */
  readonly everyMs: number;
  update(snapshot: Snapshot): void;
  /** Something happened that is worth a line. */
  tell(news: string): void;
  /** Gives the terminal back. */
  close(): void;
}

/** How much news the live view keeps in sight. */
const NEWS = 4;

/** A table in the terminal, drawn anew twice a second. */
export class LiveView implements View {
  readonly everyMs = 500;
  readonly #heading: readonly string[];
  readonly #screen: Screen;
  readonly #paint: Paint;
  readonly #news: string[] = [];

  constructor(heading: readonly string[], terminal: WriteStream, env: Readonly<Record<string, string | undefined>>) {
    this.#heading = heading;
    this.#screen = new Screen(terminal);
    this.#paint = paintFor(true, env);
  }

  update(snapshot: Snapshot): void {
    this.#screen.draw(drawDashboard(this.#heading, snapshot, this.#news, this.#screen.size, this.#paint));
  }

  tell(news: string): void {
    this.#news.push(news);
    if (this.#news.length > NEWS) this.#news.shift();
  }

  close(): void {
    this.#screen.close();
  }
}

/** Lines for a file, a pipe or a service manager: the news as it comes, and the account now and then. */
export class PlainView implements View {
  readonly everyMs: number;
  readonly #write: (line: string) => void;

  constructor(heading: readonly string[], everyMs: number, write: (line: string) => void) {
    this.everyMs = everyMs;
    this.#write = write;
    for (const line of heading) write(line);
  }

  update(snapshot: Snapshot): void {
    this.#write(account(snapshot));
  }

  tell(news: string): void {
    this.#write(news);
  }

  close(): void {}
}
