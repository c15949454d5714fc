import type { Intake } from '@breakwater/delivery';
import { type GatewayMeter, writeGateway } from '@breakwater/delivery/gateway';
import type { FastifyInstance } from 'fastify';
import { Problem } from './problem.js';

/** The log behind the gateway. */
export interface WriteLog {
  readonly intake: Intake;
  /** Where points go whose writer names no place. */
  readonly destination: { readonly org: string; readonly bucket: string };
  readonly maxBodyBytes: number;
  /** Names this process among its peers. */
  readonly instance: string;
  readonly meter: GatewayMeter;
}

const WRITES: ReadonlySet<string | undefined> = new Set(['/write', '/api/v2/write']);

/** Whether a route is the gateway's, which looks at tokens itself: InfluxDB's clients have several ways to send one. */
export const isWrite = (url: string | undefined): boolean => WRITES.has(url);

/** Serves InfluxDB's write API in front of the log; without a log, says why there is none. */
export function mountGateway(app: FastifyInstance, log: WriteLog | undefined, apiToken: string | undefined): void {
  if (log === undefined) {
    for (const url of [...WRITES, '/ping', '/health']) app.all(url!, refuse);
    return;
  }
  const { intake, destination, maxBodyBytes, instance, meter } = log;
  const token = apiToken === undefined ? {} : { token: apiToken };
  app.register(writeGateway, { intake, defaultDestination: destination, maxBodyBytes, instance, meter, ...token });
}

async function refuse(): Promise<never> {
  const why = 'the write API is there only where there is a log, which needs servers; set INFLUX_URLS';
  throw new Problem(404, 'not-found', why);
}
