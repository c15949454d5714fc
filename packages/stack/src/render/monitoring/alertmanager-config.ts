import { SEVERITIES } from '../../alerts/alert.js';
import { alertsOf } from '../../alerts/alerts.js';
import type { Stack } from '../../file/schema.js';
import type { Plan } from '../../plan/plan.js';

interface Receiver {
  name: string;
  webhook_configs?: Array<{ url_file: string; send_resolved: boolean }>;
  slack_configs?: Array<{ api_url_file: string; channel: string; send_resolved: boolean; title: string; text: string }>;
  pagerduty_configs?: Array<{ routing_key_file: string; description: string; details: Record<string, string> }>;
  email_configs?: Array<{ to: string; send_resolved: boolean }>;
}

interface Route {
  receiver: string;
  matchers?: string[];
  group_by?: string[];
  group_wait?: string;
  group_interval?: string;
  repeat_interval?: string;
  routes?: Route[];
}

interface InhibitRule {
  source_matchers: string[];
  target_matchers: string[];
  equal?: string[];
}

/** alertmanager.yml, as far as it is rendered: https://prometheus.io/docs/alerting/latest/configuration/ */
export interface AlertmanagerConfig {
  global: Record<string, string>;
  route: Route;
  inhibit_rules: InhibitRule[];
  receivers: Receiver[];
}

/** Takes what nobody is told of: it is shown in Alertmanager. */
const NOBODY = 'nobody';

/** A page comes at once and again in an hour or four; what can wait comes together. */
const TIMES = {
  critical: { group_wait: '15s', group_interval: '2m', repeat_interval: '1h' },
  warning: { group_wait: '1m', group_interval: '10m', repeat_interval: '12h' },
  info: { group_wait: '5m', group_interval: '1h', repeat_interval: '3d' },
} as const;

export function alertmanagerConfig(plan: Plan): AlertmanagerConfig {
  const { receivers, routes, smtp } = plan.stack.monitoring.alertmanager;
  const alerts = alertsOf(plan).map(({ name }) => name);
  return {
    global: { resolve_timeout: '5m', ...(smtp === undefined ? {} : smtpGlobals(smtp)) },
    route: {
      receiver: NOBODY,
      group_by: ['alertname', 'severity', 'backend'],
      routes: SEVERITIES.map((severity) => ({
        receiver: routes[severity] ?? NOBODY,
        matchers: [`severity="${severity}"`],
        ...TIMES[severity],
      })),
    },
    inhibit_rules: INHIBITIONS.filter((rule) =>
      concernsOf(rule).every((pattern) => alerts.some((name) => pattern.test(name))),
    ),
    receivers: [{ name: NOBODY }, ...receivers.map(receiverOf)],
  };
}

type Smtp = NonNullable<Stack['monitoring']['alertmanager']['smtp']>;

const smtpGlobals = ({ smarthost, from, user, passwordFile }: Smtp) => ({
  smtp_smarthost: smarthost,
  smtp_from: from,
  smtp_auth_username: user,
  smtp_auth_password_file: passwordFile,
});

const TITLE = '{{ .Status | toUpper }}: {{ .CommonAnnotations.summary }}';
const TEXT =
  '{{ range .Alerts }}{{ .Annotations.summary }}\n{{ .Annotations.description }}\n{{ .Annotations.runbook_url }}\n{{ end }}';

function receiverOf({
  name,
  webhook,
  slack,
  pagerduty,
  email,
}: Stack['monitoring']['alertmanager']['receivers'][number]): Receiver {
  return {
    name,
    ...(webhook === undefined ? {} : { webhook_configs: [{ url_file: webhook, send_resolved: true }] }),
    ...(slack === undefined
      ? {}
      : {
          slack_configs: [
            { api_url_file: slack.urlFile, channel: slack.channel, send_resolved: true, title: TITLE, text: TEXT },
          ],
        }),
    ...(pagerduty === undefined
      ? {}
      : {
          pagerduty_configs: [
            {
              routing_key_file: pagerduty.keyFile,
              description: TITLE,
              details: { runbook: '{{ .CommonAnnotations.runbook_url }}' },
            },
          ],
        }),
    ...(email === undefined ? {} : { email_configs: [{ to: email.to, send_resolved: true }] }),
  };
}

/** Which alerts each matcher of names is about: some stacks lack an alert, such as that of too few collectors where one is enough. */
const concernsOf = ({ source_matchers, target_matchers }: InhibitRule): RegExp[] =>
  [...source_matchers, ...target_matchers].flatMap((matcher) => {
    const pattern = /^alertname=~?"(.*)"$/.exec(matcher)?.[1];
    return pattern === undefined ? [] : [new RegExp(`^(?:${pattern})$`)];
  });

const named = (...names: string[]): string => `alertname=~"${names.join('|')}"`;

/** What the proxy says of servers that it cannot reach. */
const OF_PROXY = named('ProxyBackendDown', 'ProxyErrorsHigh', 'ProxyServerDown');

/** What is only another face of something that fires already. */
const INHIBITIONS: InhibitRule[] = [
  // The critical of two alerts on one thing: one disk of a machine says nothing of another.
  {
    source_matchers: ['severity="critical"', 'subject=~".+"'],
    target_matchers: ['severity=~"warning|info"', 'subject=~".+"'],
    equal: ['subject', 'instance', 'backend', 'slot', 'device', 'mountpoint'],
  },
  // All are down: not each of them, and none of what follows.
  {
    source_matchers: ['alertname="NoCollectorUp"'],
    target_matchers: [
      named('CollectorDown', 'CollectorsTooFew', 'CollectorAbsent', 'CollectionMetricsAbsent', 'DeliveryMetricsAbsent'),
    ],
  },
  { source_matchers: ['alertname="NoCollectorUp"'], target_matchers: [OF_PROXY, 'proxy="collectors"'] },
  {
    source_matchers: ['alertname="NoInfluxdbUp"'],
    target_matchers: [
      named('InfluxdbDown', 'LaneHeld', 'DeliveryBehind', 'NoBackendTakesPoints', 'DeliveryBudgetBurns.*'),
    ],
  },
  { source_matchers: ['alertname="NoInfluxdbUp"'], target_matchers: [OF_PROXY, 'proxy="influxdb"'] },
  // One server is down: nothing of its lanes, which have its address in the label "server".
  {
    source_matchers: ['alertname="InfluxdbDown"'],
    target_matchers: [named('LaneHeld', 'DeliveryBehind')],
    equal: ['server'],
  },
  // A collector that is down is missing in the count as well.
  { source_matchers: ['alertname="CollectorDown"'], target_matchers: ['alertname="CollectorsTooFew"'] },
  {
    source_matchers: ['alertname="RedisDown"'],
    target_matchers: [
      named('FleetRedisUnreachable', 'CollectorAlone', 'FleetSmallerThanSeen', 'FleetLimitLost', 'RedisForgets'),
    ],
  },
  {
    source_matchers: ['alertname="FleetRedisUnreachable"'],
    target_matchers: ['alertname="CollectorAlone"'],
    equal: ['instance'],
  },
  {
    source_matchers: ['alertname="ProxyDown"'],
    target_matchers: [OF_PROXY],
  },
  // Why points are refused or late says more than that they are.
  {
    source_matchers: ['alertname="DiskTakesNothing"'],
    target_matchers: ['alertname="IntakeClosed"'],
    equal: ['instance'],
  },
  { source_matchers: ['alertname="LaneRefused"'], target_matchers: ['alertname="DeliveryBehind"'], equal: ['backend'] },
  { source_matchers: ['alertname="LaneHeld"'], target_matchers: ['alertname="DeliveryBehind"'], equal: ['backend'] },
];
