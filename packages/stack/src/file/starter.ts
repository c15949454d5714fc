/** What `breakwater init` writes: every value in it is the default but the networks, which have none. */
export const STARTER = `# yaml-language-server: $schema=node_modules/@breakwater/stack/stack.schema.json
# The one truth of your stack. \`breakwater generate\` renders HAProxy, Compose, Kubernetes, Prometheus, Alertmanager and
# Grafana files from it; \`breakwater check\` proves that they fit. What is left out has the value that stands here.
# Units: times 30s, 5m, 7d; sizes 512Mi, 50Gi; cores 250m, 2.
apiVersion: breakwater/v1
kind: Stack
name: telemetry # the fleet: collectors of the same name share the targets

collectors:
  image: breakwater/telemetry-collector:0.1.0
  min: 3 # what Compose starts, and the least that Kubernetes keeps
  max: 20 # proxy slots, autoscaler and alerts follow
  port: 8080
  targets: deploy/targets.yaml # what is polled, from the folder of this file
  targetCidrs: [10.0.0.0/8] # where those targets are: Kubernetes lets nothing else out
  targetPorts: [] # their ports, as { port: 161, protocol: UDP }; none: all of them
  storage: local # the log lies on the node; persistent: a volume claim for each collector
  spool: { maxBytes: 1Gi, maxAge: 7d, whenFull: block } # the log of what is not yet delivered, for each backend
  drain: { delay: 5s, timeout: 25s } # until proxies see that one ends, and for what it still holds
  lease: 15s # how long a silent collector keeps its targets
  resources:
    requests: { cpu: 250m, memory: 256Mi }
    limits: { cpu: 500m, memory: 512Mi }
  scaling: # percent of the requests, and of the slots for targets
    cpu: 70
    memory: 80
    busy: 70
    up: { percent: 50, pods: 2, period: 60s, window: 0s } # the smaller of the two
    down: { percent: 10, period: 60s, window: 5m }
  settings: {} # more of a collector's environment, such as MAX_CONCURRENT_TARGETS: 50

backends: # InfluxDB: servers of their own, each of which gets everything
  image: influxdb:2.7.12-alpine
  replicas: 2 # 3 at most
  port: 8086
  org: telemetry
  bucket: telemetry
  retention: 30d
  storage: 50Gi
  resources:
    requests: { cpu: 500m, memory: 1Gi }
    limits: { cpu: 1, memory: 2Gi }
  vertical: # between what the VPA moves
    cpu: { min: 500m, max: 4 }
    memory: { min: 1Gi, max: 8Gi }

proxy:
  port: 8404 # statistics and metrics
  maxConnections: 4000
  rateLimit: { requests: 2000, period: 10s } # of one source
  # tls: # every front speaks TLS
  #   certificate: /etc/haproxy/tls/site.pem
  #   ca: /etc/breakwater/ca.pem # of the authority that signed it, where that is no public one

redis: { maxMemory: 256Mi }

grafana: { replicas: 2, port: 3000 }

monitoring:
  prometheus: { scrapeInterval: 15s, retention: 15d }
  alertmanager:
    receivers: [] # such as { name: on-call, pagerduty: { keyFile: /etc/alertmanager/secrets/pagerduty } }
    routes: {} # such as { critical: on-call }; without, alerts are shown and sent nowhere
  runbook: docs/runbook.md # the address that alerts link to

objectives: # what burn-rate alerts measure against
  collection: { percent: 99.5, period: 30d } # turns that brought a point
  delivery: { percent: 99.9, period: 30d } # points that reached each backend in time

services: [] # services of yours that Prometheus scrapes, and the metrics of them that rules may use

kubernetes: { namespace: telemetry-system, monitoringNamespace: monitoring, ingressNamespaces: [] }

patches: {} # by output, what this file has no word for: docs/stack.md
`;

/** The targets beside it: what every stack has, and the form of those that a user has. */
export const STARTER_TARGETS = `# What the collectors poll. Names are resolved inside the stack, so these are there in Compose and in Kubernetes alike.
apiVersion: breakwater/v1
kind: Targets
defaults: { interval: 10s, timeout: 5s }
targets:
  - { name: collectors, probe: http, url: "http://network-telemetry:8080/health/live", expectStatus: 200 }
  - { name: redis, probe: tcp, host: redis, port: 6379 }
  # The machine of the collector that owns this target.
  - { name: machine, probe: host }
  # Yours, such as:
  # - { name: core-sw1, probe: snmp, host: 10.0.0.1, version: 2c, communityFrom: SNMP_COMMUNITY, walk: [ifTable] }
`;
