import { basename, dirname } from 'node:path/posix';
import { showDuration } from '../../file/units.js';
import type { Setting } from '../../plan/collector-environment.js';
import type { ComposeService, Healthcheck, Share } from './compose-file.js';

/** Networks: clients and the proxy; what answers them, without a way out; what watches; the collectors' way to their targets. */
export type Network = 'front' | 'back' | 'monitoring' | 'targets';

/** Cores and bytes, as a stack file says them. */
export interface Resources {
  readonly requests: { readonly cpu: number; readonly memory: number };
  readonly limits: { readonly cpu: number; readonly memory: number };
}

const MIB = 1024 ** 2;

/** What every service is: bounded in processor, memory and log, without rights, on a root that it cannot write. */
export function common(
  resources: Resources,
): Pick<ComposeService, 'restart' | 'init' | 'read_only' | 'cap_drop' | 'security_opt' | 'deploy' | 'logging'> {
  return {
    restart: 'unless-stopped',
    init: true,
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    deploy: { resources: { limits: share(resources.limits), reservations: share(resources.requests) } },
    logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
  };
}

const share = ({ cpu, memory }: Resources['limits']): Share => ({
  cpus: String(cpu),
  memory: memory % MIB === 0 ? `${memory / MIB}M` : `${memory}b`,
});

/** A page that must answer with 200 or 204, asked from inside with the wget of busybox, which the images have. */
export const pageAnswers = (port: number, path: string, startS = 30): Healthcheck =>
  commandSucceeds(['CMD', 'wget', '-q', '-O', '/dev/null', `http://127.0.0.1:${port}${path}`], startS);

export const commandSucceeds = (test: readonly string[], startS = 30): Healthcheck => ({
  test,
  interval: '10s',
  timeout: '5s',
  retries: 3,
  start_period: showDuration(startS),
});

/** A secret, without which Compose refuses to start anything. */
export const secret = (variable: string): string => `\${${variable}:?is not set: see .env.example}`;

/** A variable that may be missing. */
export const variable = (name: string, standard: string): string => `\${${name}:-${standard}}`;

/** Compose reads `$` in a value as the start of a variable; doubled it is one. */
export const literal = (text: string): string => text.replaceAll('$', '$$$$');

export const environmentOf = (settings: Readonly<Record<string, Setting>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(settings).map(([name, setting]) => [
      name,
      'secret' in setting ? secret(setting.secret) : literal(setting.value),
    ]),
  );

/** Mounts `secrets` beside the stack file where the stack file says that files with secrets are. */
export function secretFolders(files: ReadonlyArray<string | undefined>): string[] {
  const folders = files.flatMap((file) => (file === undefined ? [] : [dirname(file)]));
  return [...new Set(folders)].map((folder) => `./secrets:${literal(folder)}:ro`);
}

/** Mounts one file of `secrets`, for who has no business with the others that are in there. */
export const secretFile = (file: string | undefined): string[] =>
  file === undefined ? [] : [`./secrets/${literal(basename(file))}:${literal(file)}:ro`];

export const on = (...networks: readonly Network[]): ComposeService['networks'] =>
  Object.fromEntries(networks.map((network) => [network, {}]));

/** Started before, but no reason to wait: who depends on it goes on without it. */
export const startedAfter = (names: readonly string[]): NonNullable<ComposeService['depends_on']> =>
  Object.fromEntries(names.map((name) => [name, { condition: 'service_started' as const }]));
