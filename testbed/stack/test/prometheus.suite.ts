import { exchange } from '../../src/oracle/exchange.js';
import type { LiveStack } from '../live-stack.js';

async function json<T>(url: string): Promise<T> {
  const { status, text } = await exchange(url);
  if (status !== 200) throw new Error(`${url} answered ${status}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as T;
}

interface Target {
  readonly labels: Readonly<Record<string, string>>;
  readonly health: 'up' | 'down' | 'unknown';
  readonly lastError: string;
}

/** What Prometheus scrapes. */
export async function targetsOf(stack: LiveStack): Promise<Target[]> {
  const { data } = await json<{ data: { activeTargets: Target[] } }>(
    `${stack.url('prometheus')}/api/v1/targets?state=active`,
  );
  return data.activeTargets;
}

/** How many series an expression brings now. */
export async function seriesOf(stack: LiveStack, query: string): Promise<number> {
  const { data } = await json<{ data: { resultType: string; result: unknown[] } }>(
    `${stack.url('prometheus')}/api/v1/query?${new URLSearchParams({ query })}`,
  );
  return data.resultType === 'scalar' ? 1 : data.result.length;
}

interface SentAlert {
  readonly labels: Readonly<Record<string, string>>;
}

/** The alerts that Alertmanager would tell of now: none that another holds back. */
export async function activeAlerts(stack: LiveStack): Promise<SentAlert[]> {
  return json<SentAlert[]>(`${stack.url('alertmanager')}/api/v2/alerts?active=true&silenced=false&inhibited=false`);
}
