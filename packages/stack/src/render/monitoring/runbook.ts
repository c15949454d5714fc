import { type Alert, CATEGORIES } from '../../alerts/alert.js';
import { alertsOf } from '../../alerts/alerts.js';
import type { Stack } from '../../file/schema.js';
import { showDuration } from '../../file/units.js';
import type { Plan } from '../../plan/plan.js';
import type { RenderedFile } from '../rendered-file.js';

const SEVERITY = {
  critical: 'critical: somebody is woken',
  warning: 'warning: on the next working day',
  info: 'info: good to know',
} as const;

/** docs/runbook.md: a section for each alert, under the anchor that its link names. */
export function renderRunbook(plan: Plan): RenderedFile[] {
  const alerts = alertsOf(plan);
  const contents = CATEGORIES.map(
    (category) =>
      `- ${category}: ${alerts
        .filter((alert) => alert.category === category)
        .map(link)
        .join(', ')}`,
  );
  const text = `${[INTRODUCTION, contents.join('\n'), ...alerts.map(section)].join('\n\n')}\n`;
  return [{ path: 'docs/runbook.md', text: withAddressesOf(plan.stack, text) }];
}

/** Alerts write their commands with the usual ports and namespace: here those of the stack take their place. */
function withAddressesOf(
  { collectors, backends, grafana, proxy, monitoring, kubernetes }: Stack,
  text: string,
): string {
  const { prometheus, alertmanager } = monitoring;
  const fronts = new Map([
    ['8080', collectors.port],
    ['8086', backends.port],
    ['3000', grafana.port],
    ['8404', proxy.port],
  ]);
  const others = new Map([
    ['9090', prometheus.port],
    ['9093', alertmanager.port],
  ]);
  const addressed = text.replaceAll('telemetry-system', kubernetes.namespace).replace(
    /(http:\/\/)?localhost:(\d+)/g,
    (_, scheme: string | undefined, port: string) =>
      // The certificate is for the name that clients use, which `localhost` is not.
      `${scheme === undefined || !fronts.has(port) || proxy.tls === undefined ? (scheme ?? '') : 'https://'}localhost:${fronts.get(port) ?? others.get(port) ?? port}`,
  );
  return addressed.replace(/curl -(\w+) ('?)https:/g, 'curl -$1k $2https:');
}

const link = ({ name }: Alert): string => `[${name}](#${name.toLowerCase()})`;

const INTRODUCTION = `<!-- Rendered by \`breakwater generate\` from breakwater.stack.yaml; change the alerts, not this file. -->

# Runbook

What each alert means, what users notice, where to look first and what to do. Commands are those of the Compose stack, run in
the folder of \`docker-compose.ha.yml\`; in Kubernetes \`kubectl port-forward -n telemetry-system svc/<service> <port>\` brings the
same ports here. \`localhost:8080\` is any collector by way of HAProxy; for a certain one take its address out of \`instance\`. \`POST\`
requests need \`-H "Authorization: Bearer $API_TOKEN"\`.

Of many alerts at once begin with the critical one that names the most: those that only follow from another are held back by
Alertmanager. [docs/delivery.md](delivery.md#at-night) and [docs/fleet.md](fleet.md#at-night) go through the states of lanes and of
the fleet.`;

function section({ name, severity, expr, forS, summary, runbook }: Alert): string {
  const { meaning, impact, look, act } = runbook;
  return `## ${name}

*${plain(summary)}* (${SEVERITY[severity]})

**What it means.** ${meaning}

**What users notice.** ${impact}

**Where to look first.**

\`\`\`sh
${look.join('\n')}
\`\`\`

**What to do.**

${act.map((step) => `- ${step}`).join('\n')}

Rule, for ${showDuration(forS)}: \`${expr}\``;
}

/** A template as a person reads it: labels by name, the value as three dots. */
const plain = (template: string): string =>
  template.replace(/\{\{ \$labels\.(\w+) \}\}/g, '{$1}').replace(/\{\{ \$value[^}]*\}\}/g, '…');
