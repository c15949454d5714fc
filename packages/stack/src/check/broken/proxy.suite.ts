import { across, alone, type Broken } from './broken.suite.js';

const PROXY = 'haproxy/haproxy.cfg';
const COMPOSE = 'docker-compose.ha.yml';
const PROMETHEUS = 'prometheus/prometheus.yml';
const MOUNTED = 'k8s/load-balancer.yaml';

export const proxyBreaks: readonly Broken[] = [
  across(
    'an HPA that allows more pods than the proxies have slots',
    (stack) => stack.change('k8s/autoscaling.yaml', 'maxReplicas: 20', 'maxReplicas: 40'),
    {
      check: 'proxy-slots-kubernetes',
      file: 'haproxy/haproxy.cfg',
      at: 'server-template collector 1-21 network-telemetry:8080 check …',
      says: 'backend … has 21 slots for Deployment network-telemetry, of which HorizontalPodAutoscaler network-telemetry-hpa allows 40, and a rolling update 1 more: 20 get no traffic; write 1-41',
      times: 3,
    },
    {
      check: 'hpa-stack-file',
      file: 'k8s/autoscaling.yaml',
      at: 'maxReplicas: 40',
      says: 'HorizontalPodAutoscaler network-telemetry-hpa: maxReplicas 40, and collectors.max of the stack file is 20, which the proxy, the alerts and the budgets go by; change collectors.max, and run breakwater generate',
    },
    {
      check: 'proxy-slots-kubernetes',
      file: 'k8s/load-balancer.yaml',
      at: 'server-template collector 1-21 network-telemetry-pods.telemetry-system.svc.clust…',
      says: 'backend … has 21 slots for Deployment network-telemetry, of which HorizontalPodAutoscaler network-telemetry-hpa allows 40, and a rolling update 1 more: 20 get no traffic; write 1-41',
      times: 3,
    },
  ),
  across(
    'fewer slots than Compose starts collectors',
    (stack) => stack.change(PROXY, '1-21', '1-2', { after: 'backend collectors' }),
    {
      check: 'proxy-slots',
      file: 'haproxy/haproxy.cfg',
      at: 'server-template collector 1-2 network-telemetry:8080 check maxconn 256',
      says: 'backend collectors has 2 slots for network-telemetry, and the stack file allows 20 collectors, in a rolling update 21: 19 get no traffic; write 1-21',
    },
    {
      check: 'compose-replicas',
      file: 'haproxy/haproxy.cfg',
      at: 'server-template collector 1-2 network-telemetry:8080 check maxconn 256',
      says: 'backend collectors: 2 slots for 3 collectors of docker-compose.ha.yml: the others get no traffic; write 3 slots or more',
    },
  ),
  across(
    'a stack file that allows more collectors than were rendered',
    (stack) => stack.changeStack('max: 20', 'max: 40'),
    {
      check: 'proxy-slots',
      file: 'haproxy/haproxy.cfg',
      at: 'server-template collector 1-21 network-telemetry:8080 check …',
      says: 'backend … has 21 slots for network-telemetry, and the stack file allows 40 collectors, in a rolling update 41: 20 get no traffic; write 1-41',
      times: 3,
    },
    {
      check: 'hpa-stack-file',
      file: 'k8s/autoscaling.yaml',
      at: 'maxReplicas: 20',
      says: 'HorizontalPodAutoscaler network-telemetry-hpa: maxReplicas 20, and collectors.max of the stack file is 40, which the proxy, the alerts and the budgets go by; change collectors.max, and run breakwater generate',
    },
    {
      check: 'proxy-slots',
      file: 'k8s/load-balancer.yaml',
      at: 'server-template collector 1-21 network-telemetry-pods.telemetry-system.svc.clust…',
      says: 'backend … has 21 slots for network-telemetry-pods.telemetry-system.svc.cluster.local, and the stack file allows 40 collectors, in a rolling update 41: 20 get no traffic; write 1-41',
      times: 3,
    },
    {
      check: 'alert-maximum',
      file: 'prometheus/rules/scaling_alerts.yml',
      at: 'expr: count(up{job="network-telemetry"} == 1) >= 20',
      says: 'alert CollectorsAtMaximum takes 20 for the most collectors there may be, and collectors.max is 40; write 40',
    },
    {
      check: 'alert-slots',
      file: 'prometheus/rules/scaling_alerts.yml',
      at: 'expr: count(up{job="network-telemetry"} == 1) / 21 > 0.9762',
      says: 'alert ProxySlotsUsedUp takes 21 for the slots of the proxy, and collectors.max and a rolling update is 41; write 41',
    },
  ),
  across(
    'a database that has another name in Compose',
    (stack) => stack.changeAll(COMPOSE, 'influxdb-2', 'influxdb-b'),
    {
      check: 'proxy-lane',
      file: 'haproxy/haproxy.cfg',
      at: 'http-check send meth GET uri /health/lanes/influxdb-2:8086 ver HTTP/1.1 hdr Host…',
      says: 'backend lane_influxdb-2 asks for the lane of influxdb-2:8086, and INFLUX_URLS in docker-compose.ha.yml names influxdb-1:8086, influxdb-b:8086: every answer is 404, so no read goes there; write /health/lanes/influxdb-b:8086',
    },
    {
      check: 'compose-proxy-servers',
      file: 'haproxy/haproxy.cfg',
      at: 'server influxdb-2 influxdb-2:8086 …',
      says: 'backend … influxdb-2 is no service of docker-compose.ha.yml; did you mean influxdb-b?',
      times: 2,
    },
    {
      check: 'compose-scrape-targets',
      file: 'prometheus/prometheus.yml',
      at: '- influxdb-2:8086',
      says: 'job influxdb: influxdb-2 is no service of docker-compose.ha.yml; did you mean influxdb-b?',
    },
  ),
  across(
    'a database that listens on another port in Compose',
    (stack) =>
      stack
        .change(COMPOSE, 'INFLUXD_HTTP_BIND_ADDRESS: :8086', 'INFLUXD_HTTP_BIND_ADDRESS: :8087', {
          after: '  influxdb-2:\n    image',
        })
        .changeAll(COMPOSE, 'http://influxdb-2:8086', 'http://influxdb-2:8087'),
    {
      check: 'proxy-lane',
      file: 'haproxy/haproxy.cfg',
      at: 'http-check send meth GET uri /health/lanes/influxdb-2:8086 ver HTTP/1.1 hdr Host…',
      says: 'backend lane_influxdb-2 asks for the lane of influxdb-2:8086, and INFLUX_URLS in docker-compose.ha.yml names influxdb-1:8086, influxdb-2:8087: every answer is 404, so no read goes there; write /health/lanes/influxdb-2:8087',
    },
    {
      check: 'compose-proxy-servers',
      file: 'haproxy/haproxy.cfg',
      at: 'server influxdb-2 influxdb-2:8086 …',
      says: 'backend … influxdb-2 listens on 8087, not on 8086 (docker-compose.ha.yml); write port 8087',
      times: 2,
    },
    {
      check: 'compose-scrape-targets',
      file: 'prometheus/prometheus.yml',
      at: '- influxdb-2:8086',
      says: 'job influxdb: influxdb-2 listens on 8087, not on 8086 (docker-compose.ha.yml); write port 8087',
    },
  ),
  alone(
    'lanes of a backend that no collector delivers to',
    (stack) => stack.change(PROXY, '/health/lanes/influxdb-2:8086', '/health/lanes/influxdb-3:8086'),
    {
      check: 'proxy-lane',
      file: 'haproxy/haproxy.cfg',
      at: 'http-check send meth GET uri /health/lanes/influxdb-3:8086 ver HTTP/1.1 hdr Host…',
      says: 'backend lane_influxdb-2 asks for the lane of influxdb-3:8086, and INFLUX_URLS in docker-compose.ha.yml names influxdb-1:8086, influxdb-2:8086: every answer is 404, so no read goes there; write /health/lanes/influxdb-2:8086',
    },
  ),
  across(
    'a front that Compose publishes and the collectors hand over to, on another port',
    (stack) => stack.change(PROXY, 'bind :8080', 'bind :8090'),
    {
      check: 'compose-published-ports',
      file: 'docker-compose.ha.yml',
      at: '- …{PUBLISH_ADDRESS:-127.0.0.1}:8080:8080',
      says: 'service load-balancer: publishes 8080, and no frontend of HAProxy binds it; publish 8086, 8090, 3000, 8404',
    },
    {
      check: 'proxy-port',
      file: 'haproxy/haproxy.cfg',
      at: 'frontend influxdb',
      says: 'nothing listens on port 8080, which collectors.port of the stack file names; bound are 8086, 8090, 3000, 8404; add "bind :8080", or change collectors.port',
    },
  ),
  across(
    'a front with TLS, which collectors that drain do not speak',
    (stack) => stack.change(PROXY, 'bind :8080', 'bind :8080 ssl crt /certificates/proxy.pem'),
    {
      check: 'proxy-handover',
      file: 'haproxy/haproxy.cfg',
      at: 'bind :8080 ssl crt /certificates/proxy.pem',
      says: 'port 8080 speaks TLS, and the collectors hand over to http://load-balancer:8080 (docker-compose.ha.yml): what a drain leaves never arrives; write https in HANDOVER_URL, under collectors.settings of the stack file, with a name that the certificate has, and proxy.tls.ca (HANDOVER_CA_FILE) where your own authority signed it',
    },
  ),
  across(
    'collectors in the cluster that hand over with TLS to a front without',
    (stack) =>
      stack.change('k8s/network-telemetry.yaml', 'value: http://load-balancer', 'value: https://load-balancer'),
    {
      check: 'proxy-handover',
      file: 'k8s/load-balancer.yaml',
      at: 'bind :8080',
      says: 'port 8080 speaks no TLS, and the collectors hand over to https://load-balancer.telemetry-system.svc.cluster.local:8080 (k8s/network-telemetry.yaml): what a drain leaves never arrives; write http in HANDOVER_URL, under collectors.settings of the stack file',
    },
  ),
  across(
    'a scrape of a front without the exporter',
    (stack) => stack.change(PROMETHEUS, 'load-balancer:8404', 'load-balancer:8086'),
    {
      check: 'proxy-scrape',
      file: 'prometheus/prometheus.yml',
      at: '- load-balancer:8086',
      says: 'job haproxy scrapes load-balancer:8086, where HAProxy has no exporter; write load-balancer:8404',
    },
  ),
  across(
    'old workers that live longer than Compose lets the proxy stop',
    (stack) => stack.change(PROXY, 'hard-stop-after 1m', 'hard-stop-after 5m'),
    {
      check: 'compose-stop-grace',
      file: 'docker-compose.ha.yml',
      at: 'stop_grace_period: 63s',
      says: 'service load-balancer: stop_grace_period 63s is less than hard-stop-after 5m (haproxy/haproxy.cfg): it is killed before it has drained; write 303s',
    },
  ),
  across(
    'a proxy that notices later than a collector drains',
    (stack) => stack.change(PROXY, 'inter 1s fastinter 500ms', 'inter 10s fastinter 5s'),
    {
      check: 'proxy-drain',
      file: 'haproxy/haproxy.cfg',
      at: 'server-template collector 1-21 network-telemetry:8080 check …',
      says: 'backend … takes … s to leave a collector out that ends, and the stack file gives it collectors.drain.delay 5 s: requests meet one that is gone; lower inter, fastinter or fall, or write drain.delay: …',
      times: 3,
    },
  ),
  across(
    'a proxy in the cluster that asks a service with one address for all pods',
    (stack) => stack.changeAll(MOUNTED, 'network-telemetry-pods.', 'network-telemetry.'),
    {
      check: 'proxy-kubernetes-name',
      file: 'k8s/load-balancer.yaml',
      at: 'server-template collector 1-21 network-telemetry.telemetry-system.svc.cluster.lo…',
      says: 'backend … server collector: Service network-telemetry has one address for all its pods, so one slot gets everything and the others stay empty; ask a service with "clusterIP: None"',
      times: 3,
    },
  ),
  across(
    'a port of the collectors that the proxy in the cluster does not ask',
    (stack) =>
      stack
        .change('k8s/network-telemetry.yaml', 'containerPort: 8080', 'containerPort: 8081')
        .change('k8s/network-telemetry.yaml', 'value: "8080"', 'value: "8081"')
        .change('k8s/network-telemetry.yaml', 'prometheus.io/port: "8080"', 'prometheus.io/port: "8081"'),
    {
      check: 'proxy-kubernetes-name',
      file: 'k8s/load-balancer.yaml',
      at: 'server-template collector 1-21 network-telemetry-pods.telemetry-system.svc.clust…',
      says: "backend … server collector asks port 8080 of Service network-telemetry-pods, which is headless: its addresses are the pods', and they listen on 8081; write network-telemetry-pods.telemetry-system.svc.cluster.local:8081",
      times: 3,
    },
    {
      check: 'network-flow',
      file: 'k8s/network.yaml',
      at: 'spec:',
      says: 'NetworkPolicy … keeps Deployment load-balancer from asking Deployment network-telemetry on port 8081, which backend collectors in ConfigMap haproxy-config names; add … podSelector … port 8081',
      times: 2,
    },
    {
      check: 'network-scrape',
      file: 'k8s/network.yaml',
      at: 'spec:',
      says: 'NetworkPolicy network-telemetry: keeps Prometheus from scraping Deployment network-telemetry on port 8081; add ingress from namespace monitoring, port 8081',
    },
  ),
  alone(
    'writes that go to the databases in turn',
    (stack) => stack.change(PROXY, '  use_backend collectors if is_write\n', ''),
    {
      check: 'proxy-writes',
      file: 'haproxy/haproxy.cfg',
      at: 'use_backend influxdb if caught_up_1 up_1 caught_up_2 up_2',
      says: 'frontend influxdb shares writes out between influxdb-1, influxdb-2 of backend influxdb: each has a part of the points, and no query sees all; send /write and /api/v2/write to something that writes to each, such as the write gateway, and balance only reads; or keep one server and mark the others "backup"',
    },
    {
      check: 'proxy-writes',
      file: 'haproxy/haproxy.cfg',
      at: 'default_backend influxdb',
      says: 'frontend influxdb shares writes out between influxdb-1, influxdb-2 of backend influxdb: each has a part of the points, and no query sees all; send /write and /api/v2/write to something that writes to each, such as the write gateway, and balance only reads; or keep one server and mark the others "backup"',
    },
  ),
  alone(
    'servers whose names are looked up by libc at the start and by resolvers later',
    (stack) => stack.change(PROXY, 'init-addr none', 'init-addr last,libc'),
    {
      check: 'proxy-init-addr',
      file: 'haproxy/haproxy.cfg',
      at: 'server…:…',
      says: 'backend … server … mixes libc ("init-addr last,libc") with resolvers, which read other files and can disagree about … write "init-addr none", or "init-addr last,none"',
      times: 9,
    },
  ),
  alone(
    'health checks that ask OPTIONS and take any answer',
    (stack) =>
      stack
        .change(PROXY, '  http-check send meth GET uri /ping ver HTTP/1.1 hdr Host influxdb\n', '')
        .change(PROXY, '  http-check expect status 204\n', ''),
    {
      check: 'proxy-http-check',
      file: 'haproxy/haproxy.cfg',
      at: 'option httpchk',
      says: 'backend influxdb: "option httpchk" alone asks OPTIONS / with HTTP/1.0; add "http-check send meth GET uri /… ver HTTP/1.1 hdr Host …"',
    },
  ),
  alone(
    'writes that are sent again after an answer',
    (stack) => stack.change(PROXY, 'retry-on conn-failure', 'retry-on all-retryable-errors'),
    {
      check: 'proxy-retry',
      file: 'haproxy/haproxy.cfg',
      at: 'retry-on all-retryable-errors',
      says: 'backend … "retry-on all-retryable-errors" sends a POST again that a server may have carried out; add "http-request disable-l7-retry unless METH_GET", or write "retry-on conn-failure"',
      times: 3,
    },
  ),
  alone('reloads that end with the last websocket', (stack) => stack.change(PROXY, '  hard-stop-after 1m\n', ''), {
    check: 'proxy-reload',
    file: 'haproxy/haproxy.cfg',
    at: 'global',
    says: 'global has no hard-stop-after: each reload leaves a worker that lives as long as its longest WebSocket; write "hard-stop-after 1m", at least the longest request',
  }),
  alone(
    'an answer of DNS that takes every slot away at once',
    (stack) => stack.change(PROXY, '  hold obsolete 30s\n', ''),
    {
      check: 'proxy-dns-hold',
      file: 'haproxy/haproxy.cfg',
      at: 'resolvers dns',
      says: 'resolvers dns: without "hold obsolete" a server loses its address with the first answer that leaves it out; add "hold obsolete 30s"',
    },
  ),
];
