import { haproxyTimeMs } from '../../haproxy/time.js';
import type { Check } from '../check.js';
import { composeCheck, serviceCheck } from './project.js';
import { asRecord, type ComposeServiceView, standardOf } from './service.js';
import { bytesOf, secondsOf } from './units.js';

const health = serviceCheck('compose-health', 'Every service has a health check', (service) => {
  const { healthcheck } = service.value;
  const { disable, test } = asRecord(healthcheck);
  const isOff = disable === true || (Array.isArray(test) && test[0] === 'NONE');
  if (healthcheck !== undefined && !isOff) return [];
  const what = isOff ? 'its health check is switched off' : 'has no health check';
  return [
    service.found(['healthcheck'], `${what}: one that hangs counts as running`, 'add a healthcheck that asks it'),
  ];
});

/** The most that it may take, in either form. */
function limitsOf({ value }: ComposeServiceView): { memory: unknown; cpus: unknown } {
  const limits = asRecord(asRecord(asRecord(value['deploy'])['resources'])['limits']);
  return { memory: limits['memory'] ?? value['mem_limit'], cpus: limits['cpus'] ?? value['cpus'] };
}

const LIMITS = ['deploy', 'resources', 'limits'];

const limits = serviceCheck('compose-limits', 'Every service is bounded in memory and processor', (service) => {
  const { memory, cpus } = limitsOf(service);
  const missing = [...(memory === undefined ? ['memory'] : []), ...(cpus === undefined ? ['cpus'] : [])];
  if (missing.length === 0) return [];
  const message = `has no limit of ${missing.join(' and ')}: when it runs away, all others starve`;
  return [service.found(LIMITS, message, `add deploy.resources.limits with ${missing.join(' and ')}`)];
});

/** What Compose waits for when nothing is said. */
const STANDARD_GRACE_S = 10;
/** What closes in a collector after its drain. */
const CLOSING_S = 2;

const grace = composeCheck('compose-stop-grace', 'A service has the time to stop that its drain takes', (project) => [
  ...project.services.flatMap((service) => {
    const drain = Number(service.variable('DRAIN_TIMEOUT'));
    const whole = `DRAIN_TIMEOUT ${drain} s and ${CLOSING_S} s to close`;
    return Number.isFinite(drain) ? tooShort(service, drain + CLOSING_S, whole) : [];
  }),
  ...project.proxyConfigs.flatMap(({ file, sections }) =>
    sections
      .filter(({ kind }) => kind === 'global')
      .flatMap(({ lines }) => lines.filter(({ words }) => words[0] === 'hard-stop-after'))
      .flatMap(({ words, line }) => {
        const seconds = (haproxyTimeMs(words[1]) ?? 0) / 1000;
        return tooShort(project.proxyService!, seconds, `hard-stop-after ${words[1]} (${file}:${line})`);
      }),
  ),
]);

function tooShort(service: ComposeServiceView, neededS: number, what: string) {
  const said = service.value['stop_grace_period'];
  const given = said === undefined ? STANDARD_GRACE_S : secondsOf(said);
  if (given === undefined || given >= neededS) return [];
  const shown = said === undefined ? `${STANDARD_GRACE_S}s (the default)` : String(said);
  const message = `stop_grace_period ${shown} is less than ${what}: it is killed before it has drained`;
  return [service.found(['stop_grace_period'], message, `write ${Math.ceil(neededS) + 3}s`)];
}

const redisMemory = serviceCheck(
  'compose-redis-memory',
  'The memory limit of Redis is above its maxmemory',
  (service, _project, { plan }) => {
    if (!/^(?:redis|valkey)$/.test(service.program)) return [];
    const [, said] = /--maxmemory[= ]+(\S+)/.exec(service.command) ?? [];
    const starts = service.mounts.some(({ source }) => source?.includes('deploy/redis'));
    const most = said === undefined && starts ? plan?.stack.redis.maxMemory : bytesOf(said);
    const limit = bytesOf(standardOf(String(limitsOf(service).memory ?? '')));
    if (most === undefined || limit === undefined || limit > most) return [];
    const message = `its memory limit, ${limit} bytes, is not above maxmemory, ${most}: it is killed before it is full`;
    return [
      service.found(
        LIMITS,
        message,
        `write more than ${Math.ceil((most * 1.25) / 1024 ** 2)}M, or a smaller maxmemory`,
      ),
    ];
  },
);

const words = serviceCheck(
  'compose-words',
  'No variable is a YAML truth value, which docker-compose refuses',
  (service) =>
    service.variables
      .filter(({ value }) => typeof value === 'boolean')
      .map(({ name, value, path }) =>
        service.found(path, `${name} is the truth value ${value}, not a text`, `write "${value}"`),
      ),
);

export const boundsChecks: readonly Check[] = [health, limits, grace, redisMemory, words];
