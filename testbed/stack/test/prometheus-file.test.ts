import { expect, it } from 'vitest';
import { withAddresses } from '../prometheus-file.js';

const FILE = `
global: { scrape_interval: 15s }
alerting: { alertmanagers: [{ static_configs: [{ targets: ["alertmanager:9093"] }] }] }
scrape_configs:
  - { job_name: influxdb, static_configs: [{ targets: ["influxdb-1:8086", "influxdb-2:8086"] }] }
  - job_name: collectors
    dns_sd_configs: [{ names: [network-telemetry-1], type: A, port: 8080 }]
    relabel_configs: [{ source_labels: [__meta_dns_name], target_label: instance }]
`;

it('Prometheus gets addresses for names, and calls its instances what it would in the stack', () => {
  const addresses = new Map([
    ['alertmanager', '127.9.0.1'],
    ['influxdb-1', '127.9.0.2'],
    ['influxdb-2', '127.9.0.3'],
    ['network-telemetry-1', '127.9.0.4'],
  ]);
  expect(JSON.parse(withAddresses(FILE, (name) => addresses.get(name)!))).toEqual({
    global: { scrape_interval: '15s' },
    alerting: { alertmanagers: [{ static_configs: [{ targets: ['127.9.0.1:9093'] }] }] },
    scrape_configs: [
      {
        job_name: 'influxdb',
        static_configs: [
          { targets: ['127.9.0.2:8086'], labels: { instance: 'influxdb-1:8086' } },
          { targets: ['127.9.0.3:8086'], labels: { instance: 'influxdb-2:8086' } },
        ],
      },
      {
        job_name: 'collectors',
        static_configs: [{ targets: ['127.9.0.4:8080'], labels: { __meta_dns_name: 'network-telemetry-1' } }],
        relabel_configs: [{ source_labels: ['__meta_dns_name'], target_label: 'instance' }],
      },
    ],
  });
});
