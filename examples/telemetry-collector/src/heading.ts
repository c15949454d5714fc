import { type CircuitBreakerEnvironment, circuitBreakerFromEnv, type Environment } from '@breakwater/resilience';
import type { CollectorConfig } from './config/config.js';
import { VERSION } from './process/self.js';
import { duration, many } from './terminal/words.js';

export interface HeadingOptions {
  config: Pick<CollectorConfig, 'targetsFile' | 'files' | 'delivery'>;
  env: Environment;
  /** Where the server listens. */
  url: string;
  /** Circuit settings that go before those of the environment. */
  circuit: CircuitBreakerEnvironment | undefined;
  /** Whom it shares its targets with, and as what; undefined: with nobody. */
  fleet: { readonly name: string; readonly id: string; readonly address: string } | undefined;
  /** Where the log is, when it is not on stderr. */
  logFile: string | undefined;
}

/** What stands above the table: what runs, where it is to be reached, where it writes, and what is special about it. */
export function headingOf({ config, env, url, circuit, fleet, logFile }: HeadingOptions): string[] {
  const { files, delivery } = config;
  const places = [...(files === undefined ? [] : [`${files.directory}/`]), ...(delivery?.servers ?? [])];
  const { failureThreshold, recoveryTimeoutMs } = circuit ?? circuitBreakerFromEnv(env);
  const rule = `${many(failureThreshold, 'failure')}, and are tried again after ${duration(recoveryTimeoutMs)}`;
  const shortened = circuit === undefined ? '' : ' (shortened for the demo: by default 5 and 60 s)';
  return [
    `Breakwater telemetry collector ${VERSION}`,
    config.targetsFile === undefined
      ? 'A demo: it polls this machine and a few services that it started here. TARGETS_FILE=… polls yours.'
      : `Targets: ${config.targetsFile}`,
    `Points go to ${places.join(', ')} · ${url} serves /targets, /metrics and /health/ready`,
    `Circuits open after ${rule}${shortened}.`,
    ...(fleet === undefined
      ? []
      : [
          `Shares its targets with the fleet ${fleet.name}, as ${fleet.id}, through Redis at ${fleet.address} · see /fleet`,
        ]),
    ...(logFile === undefined ? [] : [`Log: ${logFile}`]),
  ];
}
