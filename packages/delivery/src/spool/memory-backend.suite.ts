import type { Recorder } from '@breakwater/resilience';
import type { Answer, Backend, Dialect, SendRequest } from '../backend/backend.js';

const AWAY: Answer = {
  kind: 'hold',
  reason: 'network',
  words: 'nobody listens there',
  scope: 'backend',
  mayBeStored: false,
};

/** A backend that keeps what it is sent, and can be away. */
export class MemoryBackend implements Backend {
  readonly id: string;
  dialect: Dialect | undefined = 'influxdb-1';
  isAway = false;
  /** Every line that was stored, in the order of arrival. */
  readonly lines: string[] = [];
  run = 1;
  isClosed = false;

  constructor(id: string) {
    this.id = id;
  }

  async send({ body }: SendRequest): Promise<Answer> {
    if (this.isAway) return AWAY;
    this.lines.push(...Buffer.concat(body).toString().split('\n').slice(0, -1));
    return { kind: 'stored' };
  }

  async epoch(): Promise<number | undefined> {
    return this.isAway ? undefined : this.run;
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  measure(_record: Recorder): void {}
}
