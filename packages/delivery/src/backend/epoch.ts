/** What one look at a server's `/metrics` says about the run that it is in. */
interface Look {
  readonly startedAtUs: number;
  readonly counters: ReadonlyMap<string, number>;
  /** Restarts that were seen within the start time's resolution. */
  readonly restarts: number;
  readonly order: number;
}

const START = /^process_start_time_seconds(?:\{[^}\n]*\})? (\S+)/m;
/**
 * More cannot be within a second. Then their numbers come again, which shows what it is: several servers that were started
 * in the same second, behind one address.
 */
const MOST_RESTARTS = 4;
/** How often VictoriaMetrics was asked for this page, by the question itself among others: it grows with each new page. */
const QUESTIONS = 'vm_http_requests_total{path="/metrics"}';
/** Counters of the process and its Go runtime, as many as there are: one alone may be ahead soon after a restart. */
const COUNTERS =
  /^((?:go|process)_(?!network_)\w+_total(?:\{[^}\n]*\})?|vm_http_requests_total\{path="\/metrics"\}) (\S+)/gm;

/**
 * Numbers the runs of a server by its `/metrics`. Start times come in whole seconds from some: within the same one a
 * restart shows in counters that went backwards, or in a new page for which the number of questions did not grow.
 */
export class Runs {
  #looks = 0;
  #latest: Look | undefined;

  /** Call it when the question goes out, and what it returns with the page that came back. */
  ask(): (metrics: string) => number | undefined {
    const order = ++this.#looks;
    const before = this.#latest;
    return (metrics) => {
      const seconds = Number(START.exec(metrics)?.[1] ?? Number.NaN);
      if (!(seconds > 0 && seconds < Number.MAX_SAFE_INTEGER / 1e6)) return undefined;
      const startedAtUs = Math.round(seconds * 1e6);
      const counters = new Map([...metrics.matchAll(COUNTERS)].map(([, name, value]) => [name!, Number(value)]));
      const isSameStart = before?.startedAtUs === startedAtUs;
      const isRestart = isSameStart && showsRestart(before.counters, counters);
      const restarts = isSameStart ? (before.restarts + (isRestart ? 1 : 0)) % MOST_RESTARTS : 0;
      if (order > (this.#latest?.order ?? 0)) this.#latest = { startedAtUs, counters, restarts, order };
      return startedAtUs + restarts;
    };
  }
}

function showsRestart(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): boolean {
  let isNewPage = false;
  for (const [name, value] of before) {
    const current = now.get(name) ?? value;
    if (current < value) return true;
    isNewPage ||= current > value;
  }
  return isNewPage && before.has(QUESTIONS) && before.get(QUESTIONS) === now.get(QUESTIONS);
}

/** Microseconds since the epoch at which a 1.x server started, by its `/debug/vars`. */
export function startOf(vars: string): number | undefined {
  const started = /"system":\s*\{[^{}]*"started":\s*"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d{1,9}))?[^"]{1,6})"/.exec(
    vars,
  );
  const ms = Date.parse(started?.[1] ?? '');
  if (Number.isNaN(ms)) return undefined;
  return ms * 1000 + Number((started?.[2] ?? '').padEnd(6, '0').slice(3, 6));
}

/** Of VictoriaMetrics: what forwards to a cluster's storage says nothing about the runs of that. */
export const isStorage = (metrics: string): boolean => /^vm_data_size_bytes\{/m.test(metrics);
