import type { z } from 'zod';

interface Named {
  readonly name: string;
}

/** The parts of a stack file that name others of its parts. */
interface Referring {
  readonly monitoring: {
    readonly alertmanager: {
      readonly receivers: ReadonlyArray<Named & { readonly email?: object | undefined }>;
      readonly routes: Readonly<Record<string, string | undefined>>;
      readonly smtp?: object | undefined;
    };
  };
  readonly services: ReadonlyArray<Named & { readonly scrape: { readonly targets: readonly string[] } }>;
}

/** Jobs of Prometheus that are there without being asked for. */
const JOBS = 'network-telemetry influxdb grafana haproxy redis node cadvisor prometheus alertmanager'.split(' ');

/** The receiver of what goes nowhere. */
const NOBODY = 'nobody';

const ADDRESS = /^(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+):\d{1,5}$/;

/** Names that lead nowhere or are taken: Prometheus and Alertmanager would not start with them. */
export function checkReferences({ monitoring, services }: Referring, context: z.core.$RefinementCtx): void {
  const refuse = (path: Array<string | number>, message: string) =>
    context.addIssue({ code: 'custom', path, message, input: undefined });
  const { receivers, routes, smtp } = monitoring.alertmanager;
  const at = ['monitoring', 'alertmanager'];
  const names = receivers.map(({ name }) => name);
  for (const [index, { name, email }] of receivers.entries()) {
    const path = [...at, 'receivers', index];
    if (name === NOBODY || names.indexOf(name) < index) refuse([...path, 'name'], 'it is taken: write another name');
    if (email !== undefined && smtp === undefined) refuse([...path, 'email'], 'write monitoring.alertmanager.smtp too');
  }
  for (const [severity, receiver] of Object.entries(routes)) {
    if (receiver === undefined || names.includes(receiver)) continue;
    refuse([...at, 'routes', severity], `it is no receiver; there are: ${names.join(', ') || 'none'}`);
  }
  const jobs = services.map(({ name }) => name);
  for (const [index, { name, scrape }] of services.entries()) {
    const isTaken = JOBS.includes(name) || jobs.indexOf(name) < index;
    if (isTaken) refuse(['services', index, 'name'], 'Prometheus has that job already: write another name');
    for (const [place, target] of scrape.targets.entries()) {
      if (!ADDRESS.test(target))
        refuse(['services', index, 'scrape', 'targets', place], 'write host:port, and scrape.path');
    }
  }
}
