import { expectOk } from '../process/ask.js';
import { freePort } from '../process/ports.js';
import type { ServerDefinition } from '../server.js';

export interface VictoriaMetricsOptions {
  /** Basic authentication for every page but `/health`. Default: none. */
  auth?: { readonly user: string; readonly password: string };
}

export interface VictoriaMetricsDetails {
  readonly url: string;
  /** Makes what was written visible to queries, about a second later. It does not make it safe from a crash. */
  flush(): Promise<void>;
}

/** VictoriaMetrics, as Debian has it (1.79): takes what InfluxDB takes, and loses the last seconds when it is killed. */
export const victoriaMetrics: ServerDefinition<VictoriaMetricsOptions, VictoriaMetricsDetails> = {
  program: 'victoria-metrics',
  debianPackage: 'victoria-metrics',
  async plan(dir, { auth }) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const credentials = auth === undefined ? '' : Buffer.from(`${auth.user}:${auth.password}`).toString('base64');
    return {
      port,
      args: [
        `-httpListenAddr=127.0.0.1:${port}`,
        `-storageDataPath=${dir}/data`,
        '-retentionPeriod=100y',
        '-search.latencyOffset=0s',
        '-dedup.minScrapeInterval=1ms',
        ...(auth === undefined ? [] : [`-httpAuth.username=${auth.user}`, `-httpAuth.password=${auth.password}`]),
      ],
      details: {
        url,
        async flush() {
          const headers = auth === undefined ? {} : { authorization: `Basic ${credentials}` };
          const response = await fetch(`${url}/internal/force_flush`, { headers });
          await response.arrayBuffer();
          if (!response.ok) throw new Error(`victoria-metrics: force_flush answered ${response.status}`);
        },
      },
      ready: () => expectOk(`${url}/health`),
    };
  },
};
