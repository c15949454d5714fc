import { settle, VirtualClock } from '@breakwater/resilience/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { Connection } from './connection.js';
import type { Wire } from './wire.js';

const TIMEOUT_MS = 100;

/** A wire whose answers a test gives. */
class FakeWire implements Wire {
  open = true;
  readonly sent: Array<{ command: string; resolve(value: unknown): void; reject(error: Error): void }> = [];
  #end: (reason: Error) => void = () => {};

  call(command: string): Promise<unknown> {
    return new Promise((resolve, reject) => this.sent.push({ command, resolve, reject }));
  }

  onMessage(): void {}

  onEnd(listener: (reason: Error) => void): void {
    this.#end = listener;
  }

  /** As a socket does: a turn later, and once. */
  destroy(reason: Error): void {
    if (!this.open) return;
    this.open = false;
    setImmediate(() => {
      for (const { reject } of this.sent) reject(new Error('Connection is closed.'));
      this.#end(reason);
    });
  }
}

const replyError = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });

let clock: VirtualClock;
let attempts: Array<{ signal: AbortSignal; resolve(wire: Wire): void; reject(error: Error): void }>;
let lost: string[];
let connection: Connection;
let afterTimer: () => void;

beforeEach(() => {
  clock = new VirtualClock();
  attempts = [];
  lost = [];
  afterTimer = () => {};
  connection = new Connection({
    address: 'cache:6379',
    dial: (signal) =>
      new Promise((resolve, reject) => {
        attempts.push({ signal, resolve, reject });
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
    timeoutMs: TIMEOUT_MS,
    connectTimeoutMs: 500,
    clock: {
      now: () => clock.now(),
      wall: () => clock.wall(),
      after: (ms, run) =>
        clock.after(ms, () => {
          run();
          afterTimer();
        }),
    },
    random: () => 1,
    onLost: (reason) => lost.push(reason.message),
  });
});

const latest = () => attempts.at(-1)!;

async function ready(): Promise<FakeWire> {
  const wire = new FakeWire();
  latest().resolve(wire);
  await settle();
  expect(connection.state).toBe('ready');
  return wire;
}

/** A call, and what became of it. */
function call(): { outcome: unknown; readonly promise: Promise<unknown> } {
  const promise = connection.call((send) => send('get', ['k']), clock.now() + TIMEOUT_MS);
  const observed = { outcome: 'pending' as unknown, promise };
  promise.then(
    (value) => {
      observed.outcome = value;
    },
    (error) => {
      observed.outcome = error.reason ?? error.message;
    },
  );
  return observed;
}

describe('before the first attempt has settled', () => {
  it('a call waits for it, within its deadline', async () => {
    const first = call();
    await clock.advance(TIMEOUT_MS - 1);
    expect([connection.state, first.outcome]).toEqual(['connecting', 'pending']);
    const second = call();
    await clock.advance(1);
    expect([first.outcome, second.outcome]).toEqual(['timeout', 'pending']);
    const wire = await ready();
    expect(wire.sent).toHaveLength(1);
    wire.sent[0]!.resolve('v');
    await settle();
    expect(second.outcome).toBe('v');
  });

  it('a call fails with it, and later ones at once', async () => {
    const first = call();
    latest().reject(new Error('ECONNREFUSED'));
    await settle();
    const second = call();
    await settle();
    expect([connection.state, first.outcome, second.outcome]).toEqual(['lost', 'unreachable', 'unreachable']);
    expect(lost).toEqual(['ECONNREFUSED']);
  });

  it('an attempt that takes too long is given up', async () => {
    await clock.advance(500);
    expect(latest().signal.aborted).toBe(true);
    expect(lost).toEqual(['there was no connection after 500 ms']);
  });
});

describe('while lost', () => {
  it('it tries for ever, soon at first, then once a second, and tells once', async () => {
    for (const pauseMs of [50, 100, 200, 400, 800, 1_000, 1_000, 1_000]) {
      const tries = attempts.length;
      latest().reject(new Error('ECONNREFUSED'));
      await clock.advance(pauseMs - 1);
      expect(attempts).toHaveLength(tries);
      await clock.advance(1);
      expect(attempts).toHaveLength(tries + 1);
    }
    expect(lost).toEqual(['ECONNREFUSED']);
    await ready();
    expect(connection.state).toBe('ready');
  });

  it('a server that refuses the client is said to refuse', async () => {
    latest().reject(replyError('WRONGPASS invalid username-password pair'));
    await settle();
    const refused = call();
    await expect(refused.promise).rejects.toMatchObject({
      reason: 'refused',
      message: expect.stringContaining('WRONGPASS'),
    });
  });

  it('a server that loads is said to be unreachable', async () => {
    latest().reject(replyError('LOADING Redis is loading the dataset in memory'));
    await settle();
    await expect(call().promise).rejects.toMatchObject({ reason: 'unreachable' });
  });
});

describe('an unanswered call', () => {
  it('makes it ask once, whether Redis is there, and replaces the wire where it is not', async () => {
    const wire = await ready();
    const calls = [call(), call(), call()];
    await clock.advance(TIMEOUT_MS);
    expect(calls.map(({ outcome }) => outcome)).toEqual(['timeout', 'timeout', 'timeout']);
    expect(wire.sent.map(({ command }) => command)).toEqual(['get', 'get', 'get', 'ping']);
    expect(connection.state).toBe('ready');
    const meanwhile = call();
    await clock.advance(TIMEOUT_MS);
    expect([connection.state, wire.open]).toEqual(['lost', false]);
    expect(meanwhile.outcome).toBe('timeout');
    expect(wire.sent).toHaveLength(5);
  });

  it('keeps the wire where Redis answers, even with a refusal', async () => {
    const wire = await ready();
    for (const answer of ['resolve', 'reject'] as const) {
      call();
      await clock.advance(TIMEOUT_MS);
      const probe = wire.sent.at(-1)!;
      expect(probe.command).toBe('ping');
      if (answer === 'resolve') probe.resolve('PONG');
      else probe.reject(replyError('NOPERM'));
      await clock.advance(TIMEOUT_MS);
      expect(connection.state).toBe('ready');
    }
  });

  it('is answered where only this process stood still, and the answer lay in the socket', async () => {
    const wire = await ready();
    const late = call();
    await settle();
    clock.stall(60_000);
    // Timers that fell due meanwhile run before the sockets are read.
    afterTimer = () => wire.sent[0]!.resolve('v');
    await clock.advance(0);
    expect(late.outcome).toBe('v');
  });
});

describe('a server that cannot serve', () => {
  it.each([['READONLY You cannot write'], ['LOADING wait'], ['MASTERDOWN Link'], ['NOREPLICAS Not enough']])(
    '%s: it is left, for the next may be another',
    async (words) => {
      const wire = await ready();
      const refused = call();
      await settle();
      wire.sent[0]!.reject(replyError(words));
      await settle();
      expect([refused.outcome, connection.state, wire.open]).toEqual(['unreachable', 'lost', false]);
      await clock.advance(50);
      expect(attempts).toHaveLength(2);
    },
  );

  it('is no server that says no', async () => {
    const wire = await ready();
    const refused = call();
    await settle();
    wire.sent[0]!.reject(replyError('OOM command not allowed'));
    await settle();
    expect([refused.outcome, connection.state]).toEqual(['OOM command not allowed', 'ready']);
  });
});

describe('a silent connection', () => {
  it('is asked after five deadlines without a word, and not where something was heard', async () => {
    const wire = await ready();
    await clock.advance(5 * TIMEOUT_MS);
    expect(wire.sent.map(({ command }) => command)).toEqual(['ping']);
    wire.sent[0]!.resolve('PONG');
    await settle();
    await clock.advance(4 * TIMEOUT_MS);
    const answered = call();
    await settle();
    wire.sent[1]!.resolve('v');
    await answered.promise;
    await clock.advance(TIMEOUT_MS);
    expect(wire.sent).toHaveLength(2);
  });

  it('is replaced when it does not answer', async () => {
    const wire = await ready();
    await clock.advance(6 * TIMEOUT_MS);
    expect([connection.state, wire.open]).toEqual(['lost', false]);
  });
});

describe('a wire of the past', () => {
  it('has no say when it ends after it was replaced', async () => {
    const old = await ready();
    const reason = new Error('ECONNRESET');
    old.destroy(reason);
    await settle();
    await clock.advance(50);
    const young = await ready();
    old.open = true;
    old.destroy(reason);
    await settle();
    expect(connection.state).toBe('ready');
    call();
    await settle();
    expect(young.sent).toHaveLength(1);
  });

  it('that is shut is not written to: nothing was sent, and the caller is told so', async () => {
    const wire = await ready();
    wire.open = false;
    const refused = call();
    await settle();
    expect([refused.outcome, wire.sent]).toEqual(['unreachable', []]);
  });
});

describe('closing', () => {
  it('leaves no timer, and no attempt, in each state', async () => {
    await connection.close();
    expect([connection.state, clock.timers, latest().signal.aborted]).toEqual(['closed', 0, true]);
    await expect(call().promise).rejects.toMatchObject({ reason: 'closed' });
  });

  it('while ready waits for calls until their deadlines', async () => {
    const wire = await ready();
    const [answered, silent] = [call(), call()];
    await settle();
    let closed = false;
    const closing = connection.close().then(() => {
      closed = true;
    });
    wire.sent[0]!.resolve('v');
    await settle();
    expect([answered.outcome, silent.outcome, closed]).toEqual(['v', 'pending', false]);
    await clock.advance(TIMEOUT_MS);
    await closing;
    expect([silent.outcome, wire.open, clock.timers]).toEqual(['timeout', false, 0]);
  });

  it('while lost', async () => {
    latest().reject(new Error('ECONNREFUSED'));
    await settle();
    await connection.close();
    expect(clock.timers).toBe(0);
    await clock.advance(5_000);
    expect(attempts).toHaveLength(1);
  });

  it('destroys a connection that came when it was closed', async () => {
    const wire = new FakeWire();
    latest().resolve(wire);
    await connection.close();
    expect([wire.open, connection.state]).toEqual([false, 'closed']);
  });
});

it('tells that it is lost, and once more when the server is there and refuses', async () => {
  for (const message of ['refused', 'refused', 'NOAUTH', 'NOAUTH', 'LOADING']) {
    latest().reject(message === 'refused' ? new Error(message) : replyError(`${message} said Redis`));
    await settle();
    await clock.advance(400);
  }
  expect(lost).toEqual(['refused', 'NOAUTH said Redis', 'LOADING said Redis']);
});
