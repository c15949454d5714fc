import { type HostImage, imageNamed } from './host-image.js';

const nobody = '65534:65534';

/** InfluxDB 1.6 in the place of 2.7: the bucket of the same variable is its database, and it asks for no token. */
const INFLUXDB_ENTRY = `#!/bin/sh
set -eu
port=\${INFLUXD_HTTP_BIND_ADDRESS#:}
cat > /tmp/influxdb.conf <<END
reporting-disabled = true
bind-address = "127.0.0.1:8088"
[meta]
  dir = "/var/lib/influxdb2/meta"
[data]
  dir = "/var/lib/influxdb2/data"
  wal-dir = "/var/lib/influxdb2/wal"
[monitor]
  store-enabled = false
[http]
  bind-address = ":$port"
  log-enabled = false
END
influxd -config /tmp/influxdb.conf &
trap 'kill -TERM $!' TERM
until wget -q -O /dev/null "http://127.0.0.1:$port/ping"; do sleep 0.2; done
wget -q -O - --post-data "q=CREATE DATABASE \\"$DOCKER_INFLUXDB_INIT_BUCKET\\"" "http://127.0.0.1:$port/query"
wait $! || wait $!
`;

/** What the collector's image is built upon. */
export const NODE: HostImage = {
  name: 'node',
  programs: [{ program: 'node', debianPackage: 'nodejs' }],
};

/** Which services run, by the beginning of their names, and from which image. */
export const IMAGES: ReadonlyArray<readonly [services: RegExp, image: HostImage]> = [
  [
    /^influxdb-/,
    {
      name: 'influxdb',
      programs: [{ program: 'influxd', debianPackage: 'influxdb' }],
      files: { '/entrypoint.sh': INFLUXDB_ENTRY },
      folders: ['/var/lib/influxdb2', '/etc/influxdb2'],
      user: '1000:1000',
      entrypoint: ['/entrypoint.sh'],
    },
  ],
  [
    /^redis$/,
    {
      name: 'redis',
      programs: [
        { program: 'redis-server', debianPackage: 'redis-server' },
        { program: 'redis-cli', debianPackage: 'redis-tools' },
      ],
    },
  ],
  [
    /^load-balancer$/,
    {
      name: 'haproxy',
      programs: [{ program: 'haproxy', debianPackage: 'haproxy' }],
      user: '99:99',
      entrypoint: ['haproxy', '-W', '-db', '-f', '/usr/local/etc/haproxy/haproxy.cfg'],
    },
  ],
  [
    /^prometheus$/,
    {
      name: 'prometheus',
      programs: [{ program: 'prometheus', debianPackage: 'prometheus' }],
      folders: ['/prometheus'],
      user: nobody,
      entrypoint: ['prometheus'],
    },
  ],
  [
    /^alertmanager$/,
    {
      name: 'alertmanager',
      programs: [{ program: 'prometheus-alertmanager', debianPackage: 'prometheus-alertmanager' }],
      copies: ['/usr/share/prometheus/alertmanager'],
      folders: ['/alertmanager'],
      user: nobody,
      entrypoint: ['prometheus-alertmanager'],
    },
  ],
  [
    /^node-exporter$/,
    {
      name: 'node-exporter',
      programs: [{ program: 'prometheus-node-exporter', debianPackage: 'prometheus-node-exporter' }],
      user: nobody,
      entrypoint: ['prometheus-node-exporter'],
    },
  ],
];

const COLLECTORS = /^network-telemetry-/;
export const COLLECTOR_IMAGE = imageNamed('telemetry-collector');

/** The image of a service; undefined where this machine has none of its programs. */
export function imageOf(service: string): string | undefined {
  if (COLLECTORS.test(service)) return COLLECTOR_IMAGE;
  const image = IMAGES.find(([services]) => services.test(service))?.[1];
  return image && imageNamed(image.name);
}
