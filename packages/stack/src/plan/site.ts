import type { Plan } from './plan.js';

export interface Address {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** Where the parts of the stack find each other: the same stack has one in Compose and another in Kubernetes. */
export interface Site {
  /** A name that DNS answers with every collector. */
  readonly collectors: Address;
  readonly backends: readonly Address[];
  readonly grafanas: readonly Address[];
  readonly redis: Address;
  /** What clients ask: on it the fronts of the collectors, of InfluxDB and of Grafana. */
  readonly proxy: Address;
}

export function composeSite({ stack, collectors, backends, grafanas }: Plan): Site {
  const here = (name: string, port: number): Address => ({ name, host: name, port });
  return {
    collectors: here(collectors.name, stack.collectors.port),
    backends: backends.map(({ name }) => here(name, stack.backends.port)),
    grafanas: grafanas.map((name) => here(name, stack.grafana.port)),
    redis: here('redis', stack.redis.port),
    proxy: here('load-balancer', stack.collectors.port),
  };
}

/** Names in full: HAProxy asks DNS itself and knows no search list. */
export function kubernetesSite({ stack, collectors, backends }: Plan): Site {
  const { namespace, clusterDomain } = stack.kubernetes;
  const at = (name: string, host: string, port: number): Address => ({
    name,
    host: `${host}.${namespace}.svc.${clusterDomain}`,
    port,
  });
  return {
    collectors: at(collectors.name, `${collectors.name}-pods`, stack.collectors.port),
    backends: backends.map(({ name }, index) => at(name, `influxdb-${index}.influxdb`, stack.backends.port)),
    grafanas: [],
    redis: at('redis', 'redis', stack.redis.port),
    proxy: at('load-balancer', 'load-balancer', stack.collectors.port),
  };
}
