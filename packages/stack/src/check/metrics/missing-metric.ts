import type { Emitted } from '../../emitted/emitted.js';
import { closest } from '../../source/closest.js';

/** Names that are still in many examples, and what took their place. */
const RENAMED: Readonly<Record<string, string>> = {
  haproxy_up: 'up{job="haproxy"}',
  haproxy_backend_up: 'haproxy_backend_status{state="UP"}',
  haproxy_server_up: 'haproxy_server_status{state="UP"}',
  node_cpu: 'node_cpu_seconds_total',
  node_memory_MemAvailable: 'node_memory_MemAvailable_bytes',
  node_filesystem_avail: 'node_filesystem_avail_bytes',
  container_cpu_usage_seconds: 'container_cpu_usage_seconds_total',
  redis_connected_replicas: 'redis_connected_slaves',
};

/** Of thousands of names those that are worth a closer look. */
const isAlike = (one: string, other: string): boolean =>
  one.slice(0, 3) === other.slice(0, 3) || one.slice(-8) === other.slice(-8);

/** Why no series has a name, and what to write instead. */
export function explainMissing(
  name: string,
  emitted: Emitted,
  names: readonly string[],
): { readonly message: string; readonly fix: string } {
  const nobody = `uses ${name}, which nothing emits`;
  const [whole] = emitted.metrics(name);
  if (whole?.type === 'histogram') {
    const message = `uses ${name}, the bare name of a histogram, which no series has`;
    return { message, fix: `write ${name}_bucket, ${name}_sum or ${name}_count` };
  }
  const library = emitted.notExported(name);
  if (library !== undefined) {
    const message = `uses ${name}, a metric of the library ${library.source} that the collector does not export`;
    const fix = 'leave it out, or name it and the service of yours that exports it under services in the stack file';
    return { message, fix };
  }
  const renamed = RENAMED[name];
  if (renamed !== undefined) return { message: nobody, fix: `write ${renamed}` };
  const [, base, suffix] = /^(.+)_(bucket|sum|count|total)$/.exec(name) ?? [];
  const [based] = base === undefined ? [] : emitted.metrics(base);
  if (based !== undefined) {
    const other = based.type === 'summary' ? `${base}{quantile="…"}` : base;
    return { message: `uses ${name}, and ${base} is a ${based.type}, which has no _${suffix}`, fix: `write ${other}` };
  }
  for (const candidate of [`${name}_total`, `${name}_seconds`, `${name}_seconds_total`, `${name}_bytes`]) {
    if (names.includes(candidate)) return { message: nobody, fix: `did you mean ${candidate}?` };
  }
  if (name.includes(':')) {
    const near = closest(
      name,
      names.filter((one) => one.includes(':')),
    );
    const fix = near === undefined ? 'write its recording rule' : `did you mean ${near}?`;
    return { message: `uses ${name}, which no recording rule makes`, fix };
  }
  const near = closest(
    name,
    names.filter((one) => isAlike(one, name)),
  );
  const fix = 'write a metric that is emitted, or name it and its service under services in the stack file';
  return { message: nobody, fix: near === undefined ? fix : `did you mean ${near}?` };
}
