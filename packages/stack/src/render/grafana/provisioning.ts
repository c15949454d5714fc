import { showDuration } from '../../file/units.js';
import type { Plan } from '../../plan/plan.js';
import { composeSite } from '../../plan/site.js';
import type { RenderedFile } from '../rendered-file.js';
import { yamlText } from '../yaml-text.js';
import { PROMETHEUS } from './build-board.js';

/** Where Grafana finds the dashboards; the Compose file mounts them there. */
const DASHBOARDS = '/etc/grafana/dashboards';

/** https://grafana.com/docs/grafana/latest/administration/provisioning/#data-sources */
interface Datasource {
  name: string;
  uid: string;
  type: string;
  access: 'proxy';
  url: string;
  isDefault?: boolean;
  editable: false;
  jsonData: Record<string, unknown>;
  secureJsonData?: Record<string, string>;
}

export function provisioning(plan: Plan): RenderedFile[] {
  return [
    {
      path: 'grafana/provisioning/datasources/datasources.yml',
      text: yamlText([{ apiVersion: 1, prune: true, datasources: [prometheus(plan), influxdb(plan)] }]),
    },
    {
      path: 'grafana/provisioning/dashboards/dashboards.yml',
      text: yamlText([
        {
          apiVersion: 1,
          providers: [
            {
              name: 'breakwater',
              folder: 'Breakwater',
              folderUid: 'breakwater',
              type: 'file',
              disableDeletion: false,
              allowUiUpdates: false,
              updateIntervalSeconds: 30,
              options: { path: DASHBOARDS },
            },
          ],
        },
      ]),
    },
  ];
}

/** `timeInterval` is what `$__rate_interval` is worked out from: without it rates over a few scrapes are empty. */
function prometheus({ stack: { monitoring } }: Plan): Datasource {
  const { port, scrapeInterval } = monitoring.prometheus;
  return {
    name: 'Prometheus',
    uid: PROMETHEUS,
    type: 'prometheus',
    access: 'proxy',
    url: `http://prometheus:${port}`,
    isDefault: true,
    editable: false,
    jsonData: { httpMethod: 'POST', prometheusType: 'Prometheus', timeInterval: showDuration(scrapeInterval) },
  };
}

/** Through the proxy: it asks those backends that have caught up. Grafana puts in the token from its environment. */
function influxdb(plan: Plan): Datasource {
  const { backends, proxy } = plan.stack;
  const { host } = composeSite(plan).proxy;
  return {
    name: 'InfluxDB',
    uid: 'influxdb',
    type: 'influxdb',
    access: 'proxy',
    url: `${proxy.tls === undefined ? 'http' : 'https'}://${host}:${backends.port}`,
    editable: false,
    jsonData: {
      version: 'Flux',
      organization: literal(backends.org),
      defaultBucket: literal(backends.bucket),
      // The certificate is that of the name by which clients know the proxy, not of its name in here.
      ...(proxy.tls === undefined ? {} : { tlsSkipVerify: true }),
    },
    secureJsonData: { token: '$INFLUX_TOKEN' },
  };
}

/** Grafana reads `$` in a value as the start of a variable; doubled it is one. */
const literal = (text: string): string => text.replaceAll('$', '$$$$');
