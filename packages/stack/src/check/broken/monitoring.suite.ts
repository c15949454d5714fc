import { across, alone, type Broken } from './broken.suite.js';

const ALERTMANAGER = 'prometheus/alertmanager.yml';
const PROMETHEUS = 'prometheus/prometheus.yml';
const FLEET = 'prometheus/rules/fleet_alerts.yml';

export const monitoringBreaks: readonly Broken[] = [
  across(
    'a severity that no route catches',
    (stack) => stack.change(FLEET, 'severity: warning', 'severity: page', { after: 'alert: RedisDown' }),
    {
      check: 'route-severity',
      file: 'prometheus/alertmanager.yml',
      at: 'routes:',
      says: 'no route catches severity "page", which alert RedisDown has: it goes to the default receiver "nobody"; add a route with matchers: [\'severity="page"\']',
    },
  ),
  across(
    'a route that is gone',
    (stack) =>
      stack.change(
        ALERTMANAGER,
        '    - receiver: nobody\n      matchers:\n        - severity="info"\n      group_wait: 5m\n      group_interval: 1h\n      repeat_interval: 3d\n',
        '',
      ),
    {
      check: 'route-severity',
      file: 'prometheus/alertmanager.yml',
      at: 'routes:',
      says: 'no route catches severity "info", which alert InfluxdbCompactionsBehind has: it goes to the default receiver "nobody"; add a route with matchers: [\'severity="info"\']',
    },
  ),
  across(
    'an inhibition by an alert that has another name',
    (stack) => stack.change(ALERTMANAGER, 'alertname="RedisDown"', 'alertname="RedisGone"'),
    {
      check: 'inhibition',
      file: 'prometheus/alertmanager.yml',
      at: '- source_matchers:',
      says: 'this inhibition never holds: no alert has alertname="RedisGone"; did you mean "RedisDown"?',
    },
  ),
  across(
    'a runbook without the section of an alert',
    (stack) => stack.change('docs/runbook.md', '# RedisDown\n', '# Redis\n'),
    {
      check: 'runbook-anchor',
      file: 'prometheus/rules/fleet_alerts.yml',
      at: 'runbook_url: docs/runbook.md#redisdown',
      says: 'alert RedisDown links to docs/runbook.md#redisdown, and docs/runbook.md has no such heading; add a section RedisDown',
    },
  ),
  across(
    'tests of promtool without an alert',
    (stack) => {
      for (const path of stack.paths.filter(
        (one) => one.startsWith('prometheus/tests/') && stack.text(one).includes('alertname: ReplicaIdTaken'),
      )) {
        stack.changeAll(path, 'alertname: ReplicaIdTaken', 'alertname: CollectorAlone');
      }
    },
    {
      check: 'alert-test',
      file: 'prometheus/rules/fleet_alerts.yml',
      at: '- alert: ReplicaIdTaken',
      says: 'alert ReplicaIdTaken has no promtool test; add cases in which it fires, is pending and is silent',
    },
  ),
  across('rules that Prometheus does not load', (stack) => stack.change(PROMETHEUS, '  - rules/objectives.yml\n', ''), {
    check: 'rule-files',
    file: 'prometheus/prometheus.yml',
    at: 'rule_files:',
    says: 'no entry loads prometheus/rules/objectives.yml: none of its alerts can fire; add rules/objectives.yml',
  }),
  across(
    'a file of rules that there is not',
    (stack) => stack.change(PROMETHEUS, 'rules/absence_alerts.yml', 'rules/absence.yml'),
    {
      check: 'rule-files',
      file: 'prometheus/prometheus.yml',
      at: 'rule_files:',
      says: 'no entry loads prometheus/rules/absence_alerts.yml: none of its alerts can fire; add rules/absence_alerts.yml',
    },
    {
      check: 'rule-files',
      file: 'prometheus/prometheus.yml',
      at: '- rules/absence.yml',
      says: 'prometheus/rules/absence.yml is no file: Prometheus starts without it, and says nothing; did you mean prometheus/rules/absence_alerts.yml?',
    },
  ),
  across(
    'an alert on more collectors than may be',
    (stack) => stack.change('prometheus/rules/scaling_alerts.yml', '>= 20', '>= 40'),
    {
      check: 'alert-maximum',
      file: 'prometheus/rules/scaling_alerts.yml',
      at: 'expr: count(up{job="network-telemetry"} == 1) >= 40',
      says: 'alert CollectorsAtMaximum takes 40 for the most collectors there may be, and collectors.max is 20; write 20',
    },
  ),
  across('an alert on fewer collectors than always run', (stack) => stack.change(FLEET, '< 3', '< 5'), {
    check: 'alert-minimum',
    file: 'prometheus/rules/fleet_alerts.yml',
    at: 'expr: count(up{job="network-telemetry"} == 1) < 5',
    says: 'alert CollectorsTooFew fires below 5 collectors, and collectors.min is 3: it fires while all is well; write < 3',
  }),
  across(
    'an alert on slots that the proxy has not',
    (stack) => stack.change('prometheus/rules/scaling_alerts.yml', '/ 21 >', '/ 41 >'),
    {
      check: 'alert-slots',
      file: 'prometheus/rules/scaling_alerts.yml',
      at: 'expr: count(up{job="network-telemetry"} == 1) / 41 > 0.9762',
      says: 'alert ProxySlotsUsedUp takes 41 for the slots of the proxy, and collectors.max and a rolling update is 21; write 21',
    },
  ),
  across(
    'an alert on another cap of the log than the collectors have',
    (stack) => stack.change('prometheus/rules/delivery_alerts.yml', '/ 1073741824 > 0.8', '/ 4294967296 > 0.8'),
    {
      check: 'alert-spool',
      file: 'prometheus/rules/delivery_alerts.yml',
      at: 'expr: delivery_log_bytes{job="network-telemetry"} / 4294967296 > 0.8',
      says: 'alert SpoolNearlyFull takes 4294967296 for the cap of the log, and collectors.spool.maxBytes is 1073741824; write 1073741824',
    },
  ),
  across(
    'an alert of the same name in two files',
    (stack) => stack.change('prometheus/rules/delivery_alerts.yml', 'alert: LaneHeld', 'alert: RedisDown'),
    {
      check: 'inhibition',
      file: 'prometheus/alertmanager.yml',
      at: '- source_matchers:',
      says: 'this inhibition never holds: no alert has alertname="LaneHeld"; write one of those there are',
    },
    {
      check: 'alert-name',
      file: 'prometheus/rules/fleet_alerts.yml',
      at: '- alert: RedisDown',
      says: 'alert RedisDown is defined at prometheus/rules/delivery_alerts.yml too: one silence holds both; give each its own name',
    },
  ),
  alone(
    'alerts sent to an API that is gone',
    (stack) =>
      stack.change(
        PROMETHEUS,
        '    - static_configs:\n        - targets:\n            - alertmanager:9093',
        '    - api_version: v1\n      static_configs:\n        - targets:\n            - alertmanager:9093',
      ),
    {
      check: 'alertmanager-api',
      file: 'prometheus/prometheus.yml',
      at: '- api_version: v1',
      says: 'Prometheus sends alerts to /api/v1 of Alertmanager, which 0.27 has no more: nobody would be told of anything; api_version: v2, or leave it out',
    },
  ),
  alone(
    'an alert that one scrape decides',
    (stack) => stack.change(FLEET, '        for: 1m\n', '', { after: 'alert: RedisDown' }),
    {
      check: 'alert-complete',
      file: 'prometheus/rules/fleet_alerts.yml',
      at: '- alert: RedisDown',
      says: 'alert RedisDown has no "for": a single sample is enough to wake somebody; add for: 60s',
    },
  ),
  alone(
    'a secret in the configuration of Alertmanager',
    (stack) =>
      stack.change(
        ALERTMANAGER,
        'receivers:\n  - name: nobody\n',
        'receivers:\n  - name: nobody\n    slack_configs:\n      - api_url: https://hooks.slack.example/T0/B0/x\n        channel: "#night"\n',
      ),
    {
      check: 'alertmanager-secret',
      file: 'prometheus/alertmanager.yml',
      at: '- api_url: https://hooks.slack.example/T0/B0/x',
      says: 'api_url stands in the file: whoever reads it has the secret; api_url_file: the path of a file that holds it',
    },
  ),
  alone(
    'a route to a receiver that there is not',
    (stack) => stack.change(ALERTMANAGER, '    - receiver: nobody\n', '    - receiver: pager\n'),
    {
      check: 'receiver',
      file: 'prometheus/alertmanager.yml',
      at: '- receiver: pager',
      says: 'the receiver "pager" of a route does not exist; receivers there are: nobody',
    },
  ),
];
