import type { WriteStream } from 'node:tty';

const ENTER = '\u001b[?1049h\u001b[?25l'; // the alternate screen, without a cursor
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const END_OF_LINE = '\u001b[K';
const END_OF_SCREEN = '\u001b[J';

/** A terminal that is drawn on in place. What was on it before comes back when the screen is closed. */
export class Screen {
  readonly #terminal: WriteStream;
  #open = false;

  constructor(terminal: WriteStream) {
    this.#terminal = terminal;
  }

  get size(): { columns: number; rows: number } {
    return { columns: this.#terminal.columns || 80, rows: this.#terminal.rows || 24 };
  }

  /** Draws the lines, without flicker; nobody may see half of a frame. */
  draw(lines: readonly string[]): void {
    const visible = lines.slice(0, this.size.rows);
    const frame = HOME + visible.map((line) => line + END_OF_LINE).join('\r\n') + END_OF_SCREEN;
    this.#terminal.write(this.#open ? frame : ENTER + frame);
    this.#open = true;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#terminal.write(LEAVE);
  }
}
