import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { many } from '../print/units.js';
import { parseJson } from './parse-json.js';
import { some, words } from './some.js';
import { ok, unhealthy, type Verdict, warning } from './verdict.js';

const LABEL = 'com.docker.compose';
const MAX_BYTES = 64 * 1024 * 1024;
const WHAT = 'docker';
const run = promisify(execFile);

export interface ComposeProject {
  readonly name: string;
  /** The services that it should have. */
  readonly services: readonly string[];
}

export type Containers = { readonly text: string } | { readonly failure: string };

export async function checkDocker(
  project: ComposeProject,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<readonly Verdict[]> {
  return judgeContainers(project, await inspect(project.name, timeoutMs, signal));
}

/** What `docker inspect` says of every container of a Compose project, stopped ones included. */
async function inspect(project: string, timeoutMs: number, signal: AbortSignal): Promise<Containers> {
  const docker = async (...args: readonly string[]) =>
    (await run('docker', [...args], { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: MAX_BYTES, signal }))
      .stdout;
  try {
    const ids = await docker('ps', '--all', '--quiet', '--no-trunc', '--filter', `label=${LABEL}.project=${project}`);
    const list = ids.split('\n').filter((id) => id !== '');
    return { text: list.length === 0 ? '[]' : await docker('inspect', '--type', 'container', ...list) };
  } catch (error) {
    signal.throwIfAborted();
    const { code, stderr = '', killed } = error as { code?: unknown; stderr?: string; killed?: boolean };
    if (code === 'ENOENT') return { failure: 'there is no program called docker' };
    return { failure: killed ? `docker says nothing within ${timeoutMs / 1_000} s` : words(stderr || String(error)) };
  }
}

const FORM = z.array(
  z.looseObject({
    Name: z.string(),
    RestartCount: z.number().default(0),
    Config: z.looseObject({ Labels: z.record(z.string(), z.string()).nullish() }),
    State: z.looseObject({
      Status: z.string(),
      ExitCode: z.number().default(0),
      OOMKilled: z.boolean().default(false),
      Health: z
        .looseObject({ Status: z.string(), Log: z.array(z.looseObject({ Output: z.string() })).nullish() })
        .nullish(),
    }),
  }),
);

type Container = z.output<typeof FORM>[number];

export function judgeContainers({ name, services }: ComposeProject, containers: Containers): readonly Verdict[] {
  if ('failure' in containers)
    return [unhealthy(WHAT, containers.failure, 'start the Docker engine, or leave --docker out')];
  const found = FORM.safeParse(parseJson(containers.text));
  if (!found.success) return [unhealthy(WHAT, 'docker inspect says something else', 'look which docker that is')];
  if (found.data.length === 0) {
    const advice = 'docker-compose -f docker-compose.ha.yml up -d; COMPOSE_PROJECT_NAME names another project';
    return [unhealthy(WHAT, `the Compose project ${name} has no container`, advice)];
  }
  const there = new Set(found.data.map((container) => container.Config.Labels?.[`${LABEL}.service`]));
  const missing = services.filter((service) => !there.has(service));
  const bad = [
    ...(missing.length > 0
      ? [unhealthy(WHAT, `no container for ${some(missing)}`, 'docker-compose -f docker-compose.ha.yml up -d')]
      : []),
    ...found.data.flatMap(judgeContainer),
  ];
  return bad.length > 0 ? bad : [ok(WHAT, `${many(found.data.length, 'container')} of ${name} healthy`)];
}

function judgeContainer({ Name, State, RestartCount }: Container): Verdict[] {
  const name = words(Name.replace(/^\//, ''));
  const what = `${WHAT}: ${name}`;
  const logs = `docker logs ${name}`;
  if (State.Status !== 'running') {
    const why = State.OOMKilled ? 'out of memory' : `exit code ${State.ExitCode}`;
    return [unhealthy(what, `${words(State.Status)} (${why})`, State.OOMKilled ? 'raise its memory limit' : logs)];
  }
  const health = State.Health?.Status ?? 'none';
  if (health === 'unhealthy') {
    const said = words(State.Health?.Log?.at(-1)?.Output ?? '');
    return [unhealthy(what, `its health check fails: ${said || 'without a word'}`, logs)];
  }
  if (health === 'starting') return [warning(what, 'is starting', 'ask again in a moment')];
  return RestartCount > 0 ? [warning(what, `was restarted ${many(RestartCount, 'time')}`, logs)] : [];
}
