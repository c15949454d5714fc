import { type RenderedFile, YamlSource } from '@breakwater/stack';

/** One expression of a rule or a panel. */
export interface Expression {
  /** The alert, the record, or the dashboard and its panel. */
  readonly title: string;
  /** As it is written. */
  readonly expr: string;
  /** As Prometheus takes it. */
  readonly query: string;
  readonly isAlert: boolean;
}

interface RuleFile {
  readonly groups: ReadonlyArray<{
    readonly rules: ReadonlyArray<{ readonly alert?: string; readonly record?: string; readonly expr: string }>;
  }>;
}

interface Panel {
  readonly title?: string;
  readonly panels?: readonly Panel[];
  readonly datasource?: { readonly type?: string };
  readonly targets?: ReadonlyArray<{ readonly expr?: string }>;
}

interface Variable {
  readonly name: string;
  readonly allValue?: string;
  readonly current?: { readonly value?: string | readonly string[] };
}

interface Dashboard {
  readonly title: string;
  readonly panels?: readonly Panel[];
  readonly templating?: { readonly list?: readonly Variable[] };
}

/** The expressions of a rendered file; none where it is neither a rule file nor a dashboard. */
export function expressionsOf({ path, text }: RenderedFile): Expression[] {
  if (/^prometheus\/rules\/.*\.ya?ml$/.test(path)) return ofRules(yamlOf(path, text) as RuleFile);
  if (/^grafana\/dashboards\/.*\.json$/.test(path)) return ofDashboard(JSON.parse(text) as Dashboard);
  return [];
}

const yamlOf = (path: string, text: string): unknown => new YamlSource(path, text).documents[0]!.value;

function ofRules({ groups }: RuleFile): Expression[] {
  return groups.flatMap(({ rules }) =>
    rules.map(({ alert, record, expr }) => ({
      title: alert ?? record ?? '?',
      expr,
      query: expr,
      isAlert: alert !== undefined,
    })),
  );
}

function ofDashboard({ title, panels = [], templating }: Dashboard): Expression[] {
  const variables = new Map((templating?.list ?? []).map((each) => [each.name, valueOfVariable(each)]));
  const all = (panel: Panel): Panel[] => [panel, ...(panel.panels ?? []).flatMap(all)];
  return panels
    .flatMap(all)
    .flatMap((panel) =>
      (panel.targets ?? []).flatMap(({ expr }) =>
        expr === undefined
          ? []
          : [{ title: `${title} / ${panel.title}`, expr, query: filled(expr, variables), isAlert: false }],
      ),
    );
}

/** What Grafana puts in at first: what is chosen, or everything. */
function valueOfVariable({ allValue = '.*', current }: Variable): string {
  const value = current?.value ?? '$__all';
  const all = (typeof value === 'string' ? [value] : value).map((each) => (each === '$__all' ? allValue : each));
  return all.length === 0 ? allValue : all.join('|');
}

/** Grafana's own: a rate reaches back over four scrapes, the rest is a window as dashboards open with. */
const GRAFANA: Readonly<Record<string, string>> = { __rate_interval: '1m', __interval: '15s', __range: '5m' };

function filled(expr: string, variables: ReadonlyMap<string, string>): string {
  return expr.replace(/\$\{(\w+)(?::\w+)?\}|\$(\w+)/g, (found, braced?: string, plain?: string) => {
    const name = braced ?? plain ?? '';
    const value = GRAFANA[name] ?? variables.get(name);
    if (value === undefined) throw new Error(`${found} in ${expr} is no variable of its dashboard`);
    return value;
  });
}

const COMPARISON = /\{[^}]*\}|"(?:[^"\\]|\\.)*"|(?<operator>==|!=|<=|>=|<|>)(?!=|\s*bool\b)/g;

/** The same expression with comparisons that answer 0 or 1 and filter nothing. */
export const unfiltered = (query: string): string =>
  query.replace(COMPARISON, (found, _operator, ...rest) => {
    const { operator } = rest.at(-1) as { operator?: string };
    return operator === undefined ? found : `${operator} bool`;
  });
