import type { Stack } from '@breakwater/stack';
import { UsageError } from '../command.js';
import { serverUrl } from '../values.js';

/** Where the parts of a running stack are asked; what is undefined is not asked. */
export interface Addresses {
  readonly collectors: readonly string[];
  readonly reads: string | undefined;
  readonly grafana: string | undefined;
  readonly stats: string | undefined;
  readonly prometheus: string | undefined;
  readonly alertmanager: string | undefined;
}

export interface Given {
  readonly url: string | undefined;
  readonly collectors: readonly string[];
  readonly reads: string | undefined;
  readonly grafana: string | undefined;
  readonly stats: string | undefined;
  readonly prometheus: string | undefined;
  readonly alertmanager: string | undefined;
}

/** The parts at the ports that the stack file gives them, but for those with an address of their own, or `none`. */
export function addressesOf(given: Given, { collectors, backends, grafana, proxy, monitoring }: Stack): Addresses {
  const url = new URL(serverUrl('url', given.url ?? `${proxy.tls === undefined ? 'http' : 'https'}://127.0.0.1`));
  if (url.port !== '' || url.pathname !== '/') {
    throw new UsageError(
      '--url is a host without port and path: each part has a port, and an option for its own address',
    );
  }
  const at = (protocol: string, port: number) => `${protocol}//${url.hostname}:${port}`;
  const address = (option: Exclude<keyof Given, 'url' | 'collectors'>, standard: string) => {
    const own = given[option];
    return own === 'none' ? undefined : own === undefined ? standard : serverUrl(option, own);
  };
  const front = at(url.protocol, collectors.port);
  return {
    collectors: collectorsOf(given.collectors, front),
    reads: address('reads', at(url.protocol, backends.port)),
    grafana: address('grafana', at(url.protocol, grafana.port)),
    // Beside the fronts nothing has a certificate.
    stats: address('stats', at('http:', proxy.port)),
    prometheus: address('prometheus', at('http:', monitoring.prometheus.port)),
    alertmanager: address('alertmanager', at('http:', monitoring.alertmanager.port)),
  };
}

/** Whether no part is to be asked. */
export const asksNobody = ({ collectors, ...others }: Addresses): boolean =>
  collectors.length === 0 && Object.values(others).every((url) => url === undefined);

function collectorsOf(given: readonly string[], front: string): readonly string[] {
  if (given.length === 0) return [front];
  if (!given.includes('none')) return given.map((url) => serverUrl('collectors', url));
  if (given.length > 1) throw new UsageError('--collectors is "none" and an address: give one or the other');
  return [];
}
