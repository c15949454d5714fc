import { FleetError, type Member, type Membership, type Standing } from '@breakwater/fleet';

/** A membership that is as a test says. */
export class FakeMembership implements Membership {
  readonly id: string;
  standing: Standing = { kind: 'out' };
  holds = true;
  ids: readonly string[];
  members: readonly Member[] = [];
  reads = 0;
  /** What was asked of it, in order. */
  readonly asked: string[] = [];
  /** What the next calls meet. */
  failure: Error | undefined;

  constructor(id: string) {
    this.id = id;
    this.ids = [id];
  }

  async join(): Promise<void> {
    this.#answer('join');
    this.standing = { kind: 'member', ids: this.ids };
  }

  async leave(): Promise<void> {
    this.#answer('leave');
    this.standing = { kind: 'out' };
  }

  async read(): Promise<readonly Member[]> {
    this.reads++;
    if (this.failure !== undefined) throw new FleetError('unreachable', this.failure.message);
    return this.members;
  }

  #answer(what: string): void {
    this.asked.push(what);
    if (this.failure !== undefined) throw this.failure;
  }

  measure(): void {}
}

/** A connection that is as a test says. */
export class FakeLink {
  readonly address = 'redis:6379';
  readonly timeoutMs = 1_000;
  state: 'connecting' | 'ready' | 'lost' | 'closed' = 'ready';

  async close(): Promise<void> {
    this.state = 'closed';
  }
}
