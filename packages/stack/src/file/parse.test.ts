import { describe, expect, it } from 'vitest';
import { parseStack } from './parse.js';
import { StackFileError } from './stack-file-error.js';

const HEAD = 'apiVersion: breakwater/v1\nkind: Stack\n';
const NETWORKS = '  targetCidrs: [10.0.0.0/8]\n';

function mistakesOf(text: string): string[] {
  try {
    parseStack(text, 'stack.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof StackFileError)) throw error;
    return error.message.split('\n').map((line) => line.trim());
  }
}

describe('a stack file', () => {
  it('is read with units as numbers', () => {
    const { stack } = parseStack(
      `${HEAD}collectors:\n${NETWORKS}  spool: { maxBytes: 512Mi, maxAge: 1.5h }\n  resources: { requests: { cpu: 250m } }\n`,
      'stack.yaml',
    );
    expect(stack.collectors.spool).toMatchObject({ maxBytes: 536_870_912, maxAge: 5400 });
    expect(stack.collectors.resources.requests.cpu).toBe(0.25);
  });

  it.each([
    [
      'an unknown key',
      `${HEAD}collectors:\n${NETWORKS}  maximum: 4\n`,
      /^stack.yaml:5: error: collectors.maximum: is not known; /,
    ],
    [
      'a key that is nearly right',
      `${HEAD}collectors:\n${NETWORKS}colectors: {}\n`,
      /:5: error: colectors: is not known; did you mean "collectors"\?/,
    ],
    ['a missing key', `${HEAD}collectors: { min: 2 }\n`, /:3: error: collectors.targetCidrs: is missing/],
    [
      'another version',
      `apiVersion: breakwater/v2\nkind: Stack\ncollectors:\n${NETWORKS}`,
      /:1: error: apiVersion: "breakwater\/v2" cannot be used/,
    ],
    [
      'a size without sense',
      `${HEAD}collectors:\n${NETWORKS}  spool: { maxBytes: 5 gigs }\n`,
      /:5: error: collectors.spool.maxBytes: "5 gigs" cannot be used; a size such as 512Mi or 50Gi/,
    ],
    [
      'a time without unit',
      `${HEAD}collectors:\n${NETWORKS}  lease: 15\n`,
      /:5: error: collectors.lease: 15 cannot be used/,
    ],
    [
      'a tag-less image',
      `${HEAD}collectors:\n${NETWORKS}  image: collector\n`,
      /:5: error: collectors.image: "collector" cannot be used; an image with a tag/,
    ],
    [
      'four backends',
      `${HEAD}collectors:\n${NETWORKS}backends: { replicas: 4 }\n`,
      /:5: error: backends.replicas: 4 cannot be used/,
    ],
    [
      'scraping that Prometheus forgets between',
      `${HEAD}collectors:\n${NETWORKS}monitoring: { prometheus: { scrapeInterval: 5m } }\n`,
      /:5: error: monitoring.prometheus.scrapeInterval: "5m" cannot be used; 1s to 2m/,
    ],
    [
      'a window longer than an HPA takes',
      `${HEAD}collectors:\n${NETWORKS}  scaling: { down: { window: 2h } }\n`,
      /:5: error: collectors.scaling.down.window: "2h" cannot be used; 0s to 1h/,
    ],
    [
      'bounds the wrong way round',
      `${HEAD}collectors:\n${NETWORKS}backends: { vertical: { cpu: { min: 4, max: 1 } } }\n`,
      /:5: error: backends.vertical.cpu.min: 4 cannot be used; max or less/,
    ],
    ...[
      ['', 'is not a path'],
      ['ca.pem', 'is nowhere'],
      ['/etc/ssl/../ca.pem', 'goes up'],
      ['/etc/ssl/', 'is a folder'],
      ['/etc/ssl/my ca.pem', 'is no key of a Secret'],
      ['/etc/telemetry/ca.pem', 'is beside the targets'],
      ['/etc/telemetry', 'is where the targets are'],
    ].map(([ca, is]): [string, string, RegExp] => [
      `an authority that ${is}`,
      `${HEAD}collectors:\n${NETWORKS}proxy: { tls: { certificate: /tls/site.pem, ca: "${ca}" } }\n`,
      /:5: error: proxy.tls.ca: ".*" cannot be used; a path from \/ on, .* not in \/etc\/telemetry/,
    ]),
    [
      'an authority whose file has the key of the proxy',
      `${HEAD}collectors:\n${NETWORKS}proxy: { tls: { certificate: /tls/site.pem, ca: /etc/ssl/site.pem } }\n`,
      /:5: error: proxy.tls.ca: "\/etc\/ssl\/site.pem" cannot be used; a file with another name than proxy.tls.certificate/,
    ],
    [
      'an authority of a proxy without certificate',
      `${HEAD}collectors:\n${NETWORKS}proxy: { tls: { ca: /etc/ssl/ca.pem } }\n`,
      /:5: error: proxy.tls.certificate: is missing/,
    ],
    ...['http://other:8080', '""'].map((url): [string, string, RegExp] => [
      `an authority beside HANDOVER_URL: ${url}, with which no collector starts`,
      `${HEAD}collectors:\n${NETWORKS}  settings: { HANDOVER_URL: ${url} }\nproxy: { tls: { certificate: /tls/site.pem, ca: /tls/ca.pem } }\n`,
      /:6: error: proxy.tls.ca: "\/tls\/ca.pem" cannot be used; collectors.settings.HANDOVER_URL is no https:\/\//,
    ]),
    [
      'a request above its limit',
      `${HEAD}collectors:\n${NETWORKS}redis: { resources: { requests: { cpu: 1 }, limits: { cpu: 500m } } }\n`,
      /:5: error: redis.resources.requests.cpu: 1 cannot be used; limits.cpu or less/,
    ],
    [
      'a limit below the request that there is by default',
      `${HEAD}collectors:\n${NETWORKS}redis: { resources: { limits: { memory: 64Mi } } }\n`,
      /:5: error: redis.resources.requests.memory: its default cannot be used; limits.memory or less/,
    ],
    [
      'a domain with a blank',
      `${HEAD}collectors:\n${NETWORKS}kubernetes: { clusterDomain: "cluster local" }\n`,
      /:5: error: kubernetes.clusterDomain: "cluster local" cannot be used; a domain of DNS/,
    ],
    [
      'slots that are no number',
      `${HEAD}collectors:\n${NETWORKS}  settings: { MAX_CONCURRENT_TARGETS: many }\n`,
      /:5: error: collectors.settings.MAX_CONCURRENT_TARGETS: "many" cannot be used; a whole number/,
    ],
    [
      'a path out of the folder',
      `${HEAD}collectors:\n${NETWORKS}  build: ../Dockerfile\n`,
      /:5: error: collectors.build: "..\/Dockerfile" cannot be used; a path such as/,
    ],
    [
      'a runbook that is a template',
      `${HEAD}collectors:\n${NETWORKS}monitoring: { runbook: "{{ x }}" }\n`,
      /:5: error: monitoring.runbook: /,
    ],
    [
      'a network that is none',
      `${HEAD}collectors: { targetCidrs: [10.0.0.0/33] }\n`,
      /:3: error: collectors.targetCidrs\[0\]: "10.0.0.0\/33" cannot be used/,
    ],
    [
      'a line end in a value',
      `${HEAD}collectors:\n${NETWORKS}backends: { org: "a\\nb" }\n`,
      /:5: error: backends.org: .* cannot be used; one line/,
    ],
    [
      'a key twice',
      `${HEAD}kind: Stack\ncollectors:\n${NETWORKS}`,
      /:3: error: this is no YAML: Map keys must be unique/,
    ],
  ])('is refused with %s', (_, text, message) => {
    expect(mistakesOf(text).slice(1)).toEqual([expect.stringMatching(message)]);
  });

  it('is refused when empty, and when there are two', () => {
    expect(mistakesOf('')).toEqual(['stack.yaml: 1 mistake', expect.stringContaining('is empty; breakwater init')]);
    expect(mistakesOf(`${HEAD}---\n${HEAD}`)[1]).toContain('has more than one document');
  });

  it('names every mistake', () => {
    expect(mistakesOf(`${HEAD}collectors: { min: 0, max: x }\nproxies: {}\n`)[0]).toBe('stack.yaml: 4 mistakes');
  });
});
