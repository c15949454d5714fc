import { parseStack } from '../../file/parse.js';
import { type Plan, planStack } from '../../plan/plan.js';
import { renderGrafana } from './grafana.js';

/** What the tests read of a panel. */
export interface ReadPanel {
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: ReadonlyArray<{ readonly refId: string; readonly expr: string; readonly legendFormat?: string }>;
  readonly links?: ReadonlyArray<{ readonly title: string; readonly url: string }>;
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly noValue?: string;
      readonly thresholds?: {
        readonly steps: ReadonlyArray<{ readonly value: number | null; readonly color: string }>;
      };
    };
  };
}

interface ReadVariable {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly query: unknown;
  readonly datasource?: { readonly uid: string };
  readonly multi: boolean;
  readonly allValue?: string;
  readonly refresh?: number;
  readonly regex?: string;
}

export interface ReadDashboard {
  readonly uid: string;
  readonly title: string;
  readonly editable: boolean;
  readonly panels: readonly ReadPanel[];
  readonly templating: { readonly list: readonly ReadVariable[] };
  readonly annotations: { readonly list: ReadonlyArray<{ readonly name: string; readonly expr: string }> };
}

export const planOf = (more = ''): Plan => {
  const text = `apiVersion: breakwater/v1\nkind: Stack\n${more.includes('collectors:') ? '' : 'collectors: { targetCidrs: [10.0.0.0/8] }\n'}${more}`;
  return planStack(parseStack(text, 'breakwater.stack.yaml').stack);
};

/** The rendered dashboards by file, read back. */
export const dashboardsOf = (plan: Plan): ReadonlyMap<string, ReadDashboard> =>
  new Map(
    renderGrafana(plan)
      .filter(({ path }) => path.endsWith('.json'))
      .map(({ path, text }) => [path.replace(/^.*\/|\.json$/g, ''), JSON.parse(text) as ReadDashboard]),
  );

/** All panels but the headings of rows. */
export const panelsOf = (dashboard: ReadDashboard): ReadPanel[] =>
  dashboard.panels.filter(({ type }) => type !== 'row');

export function panel(dashboards: ReadonlyMap<string, ReadDashboard>, file: string, title: string): ReadPanel {
  const found = panelsOf(dashboards.get(file)!).find((candidate) => candidate.title === title);
  if (found === undefined) throw new Error(`${file} has no panel "${title}"`);
  return found;
}

export const colours = ({ fieldConfig }: ReadPanel): Array<readonly [number | null, string]> =>
  (fieldConfig?.defaults.thresholds?.steps ?? []).map(({ value, color }) => [value, color]);
