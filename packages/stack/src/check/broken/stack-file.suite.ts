import { alone, type Broken } from './broken.suite.js';

const MAX = '  max: 20\n';
const END = '192.168.0.0/16]\n';

export const stackFileBreaks: readonly Broken[] = [
  alone('more collectors at least than at most', (stack) => stack.generate('max: 20', 'max: 2'), {
    check: 'stack-file',
    file: 'breakwater.stack.yaml',
    at: 'min: 3',
    says: 'collectors.min: 3 cannot be used; collectors.max or less',
  }),
  alone(
    'a key that is nearly right',
    (stack) => stack.generate('targetCidrs', 'targetCidr'),
    {
      check: 'stack-file',
      file: 'breakwater.stack.yaml',
      at: 'collectors:',
      says: 'collectors.targetCidrs: is missing; write a list',
    },
    {
      check: 'stack-file',
      file: 'breakwater.stack.yaml',
      at: 'targetCidr: […]',
      says: 'collectors.targetCidr: is not known; did you mean "targetCidrs"?',
    },
  ),
  alone('a drain without its unit', (stack) => stack.generate(MAX, `${MAX}  drain: { timeout: 25 }\n`), {
    check: 'stack-file',
    file: 'breakwater.stack.yaml',
    at: 'drain: { timeout: 25 }',
    says: 'collectors.drain.timeout: 25 cannot be used; a duration such as 500ms, 30s, 5m, 1h or 7d',
  }),
  alone('a database that would be the fourth', (stack) => stack.generate(END, `${END}backends: { replicas: 4 }\n`), {
    check: 'stack-file',
    file: 'breakwater.stack.yaml',
    at: 'backends: { replicas: 4 }',
    says: 'backends.replicas: 4 cannot be used; write 3 or less',
  }),
  alone('an image that is another one tomorrow', (stack) => stack.generate(END, `${END}redis: { image: redis }\n`), {
    check: 'stack-file',
    file: 'breakwater.stack.yaml',
    at: 'redis: { image: redis }',
    says: 'redis.image: "redis" cannot be used; an image with a tag',
  }),
  alone(
    'a delay of the drain that is shorter than the proxy takes to notice',
    (stack) => stack.generate(MAX, `${MAX}  drain: { delay: 1s }\n`),
    {
      check: 'proxy-drain',
      file: 'haproxy/haproxy.cfg',
      at: 'server-template collector 1-21 network-telemetry:8080 check …',
      says: 'backend … takes … s to leave a collector out that ends, and the stack file gives it collectors.drain.delay 1 s: requests meet one that is gone; lower inter, fastinter or fall, or write drain.delay: 2s',
      times: 3,
    },
    {
      check: 'proxy-drain',
      file: 'k8s/load-balancer.yaml',
      at: 'server-template collector 1-21 network-telemetry-pods.telemetry-system.svc.clust…',
      says: 'backend … takes … s to leave a collector out that ends, and the stack file gives it collectors.drain.delay 1 s: requests meet one that is gone; lower inter, fastinter or fall, or write drain.delay: 2s',
      times: 3,
    },
  ),
  alone(
    'a Redis that may fill more than it gets',
    (stack) => stack.generate(END, `${END}redis: { maxMemory: 512Mi }\n`),
    {
      check: 'compose-redis-memory',
      file: 'docker-compose.ha.yml',
      at: 'limits:',
      says: 'service redis: its memory limit, 402653184 bytes, is not above maxmemory, 536870912: it is killed before it is full; write more than 640M, or a smaller maxmemory',
    },
    {
      check: 'redis-memory',
      file: 'k8s/redis.yaml',
      at: 'memory: 384Mi',
      says: 'Deployment redis: memory limit 402653184 of container redis is not above maxmemory 536870912: it is killed before it is full; write more than 640Mi, or a smaller maxmemory',
    },
  ),
  alone(
    'a window shorter than a pod takes to start',
    (stack) => stack.generate(MAX, `${MAX}  scaling: { down: { window: 30s } }\n`),
    {
      check: 'hpa-window',
      file: 'k8s/autoscaling.yaml',
      at: 'stabilizationWindowSeconds: 30',
      says: 'HorizontalPodAutoscaler network-telemetry-hpa: looks back for 30 s before it scales in, and a pod of Deployment network-telemetry may take 60 s to start: it takes away pods that were just asked for; write 60 or more',
    },
  ),
  alone(
    'a severity for a receiver that there is not',
    (stack) => stack.generate(END, `${END}monitoring: { alertmanager: { routes: { critical: pager } } }\n`),
    {
      check: 'stack-file',
      file: 'breakwater.stack.yaml',
      at: 'monitoring: { alertmanager: { routes: { critical: pager } } }',
      says: 'monitoring.alertmanager.routes.critical: "pager" cannot be used; it is no receiver; there are: none',
    },
  ),
  alone('a port for two fronts', (stack) => stack.generate(END, `${END}backends: { port: 8080 }\n`), {
    check: 'stack-file',
    file: 'breakwater.stack.yaml',
    at: 'collectors:',
    says: 'collectors.port: its default cannot be used; backends.port is that too, and each is a front of the proxy: write a port of its own',
  }),
  alone(
    'TLS on every front, which collectors do not speak',
    (stack) =>
      stack.generate(
        END,
        `${END}  settings: { HANDOVER_URL: http://load-balancer:8080 }\nproxy: { tls: { certificate: /certificates/proxy.pem } }\n`,
      ),
    {
      check: 'proxy-handover',
      file: 'haproxy/haproxy.cfg',
      at: 'bind :8080 ssl crt /certificates/proxy.pem alpn h2,http/1.1',
      says: 'port 8080 speaks TLS, and the collectors hand over to http://load-balancer:8080 (docker-compose.ha.yml): what a drain leaves never arrives; write https in HANDOVER_URL, under collectors.settings of the stack file, with a name that the certificate has, and proxy.tls.ca (HANDOVER_CA_FILE) where your own authority signed it',
    },
    {
      check: 'proxy-handover',
      file: 'k8s/load-balancer.yaml',
      at: 'bind :8080 ssl crt /certificates/proxy.pem alpn h2,http/1.1',
      says: 'port 8080 speaks TLS, and the collectors hand over to http://load-balancer:8080 (k8s/network-telemetry.yaml): what a drain leaves never arrives; write https in HANDOVER_URL, under collectors.settings of the stack file, with a name that the certificate has, and proxy.tls.ca (HANDOVER_CA_FILE) where your own authority signed it',
    },
    {
      check: 'reference-exists',
      file: 'k8s/load-balancer.yaml',
      at: '- name: tls',
      says: 'Deployment load-balancer: names Secret telemetry-proxy-tls, which no file has in namespace telemetry-system; see that it is made before',
    },
  ),
  alone(
    'TLS of an authority of its own, whose Secrets no file has',
    (stack) =>
      stack.generate(END, `${END}proxy: { tls: { certificate: /certificates/proxy.pem, ca: /certificates/ca.pem } }\n`),
    {
      check: 'reference-exists',
      file: 'k8s/network-telemetry.yaml',
      at: '- name: proxy-ca',
      says: 'Deployment network-telemetry: names Secret telemetry-proxy-ca, which no file has in namespace telemetry-system; see that it is made before',
    },
    {
      check: 'reference-exists',
      file: 'k8s/load-balancer.yaml',
      at: '- name: tls',
      says: 'Deployment load-balancer: names Secret telemetry-proxy-tls, which no file has in namespace telemetry-system; see that it is made before',
    },
  ),
];
