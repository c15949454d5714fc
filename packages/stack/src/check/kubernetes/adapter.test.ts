import { expect, it } from 'vitest';
import { BrokenCluster } from './broken-cluster.suite.js';

it.each<[string, (c: BrokenCluster) => void, string[]]>([
  [
    'a rate over two scrapes',
    (c) => {
      const map = c.get('ConfigMap', 'telemetry-adapter-rules');
      map.data['config.yaml'] = map.data['config.yaml'].replace('[2m]', '[30s]');
    },
    [
      'adapter-window @ metricsQuery: sum by (<<.GroupBy>>) (rate(<<.Series>>{<<.LabelMatchers>>}[30s])): the rate over 30s of telemetry_collection_duration_seconds_sum{namespace="telemetry-system",pod!=""} holds fewer than 4 scrapes, which come every 15 s: one that is missed makes it vanish, and nothing scales in meanwhile; write [60s] or more',
    ],
  ],
])('%s', (_, breakIt, findings) => {
  const cluster = new BrokenCluster();
  breakIt(cluster);
  expect(cluster.findings()).toEqual(findings);
});
