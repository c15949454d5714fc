import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  type AnnotationQuery,
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { Category } from '../../alerts/alert.js';
import type { Board, BoardContext, Panel, Row, Variable } from './board.js';
import { buildPanel, DATASOURCE } from './build-panel.js';
import { chosen } from './query.js';

/** Columns of Grafana's grid. */
const COLUMNS = 24;
const STAT_HEIGHT = 4;
const HEIGHT = 8;
const TAG = 'breakwater';
/** By this Grafana knows whatever is provisioned. */
export const PROMETHEUS = 'prometheus';

/** A dashboard as Grafana takes it: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ */
export function buildBoard(board: Board, context: BoardContext): Dashboard {
  const builder = new DashboardBuilder(board.title)
    .uid(`${TAG}-${board.file}`)
    .description(board.description)
    .tags([TAG])
    .timezone('browser')
    .time({ from: 'now-3h', to: 'now' })
    .refresh('30s')
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .links([otherBoards()])
    .variables(variables(board))
    .annotations([alertsFired(board.categories), starts(board.started)]);
  for (const row of board.rows) addRow(builder, row, context);
  const dashboard = builder.build();
  // Grafana numbers panels itself; numbers of ours would change with every panel that comes in between.
  return {
    ...dashboard,
    panels: (dashboard.panels ?? []).map(({ id: _, ...panel }) => panel) as Dashboard['panels'] & {},
  };
}

function addRow(builder: DashboardBuilder, { title, perLine, panels }: Row, context: BoardContext): void {
  builder.withRow(new RowBuilder(title));
  for (const line of lines(panels, perLine)) {
    const height = line.every(({ kind }) => kind === 'stat') ? STAT_HEIGHT : HEIGHT;
    for (const panel of line) builder.withPanel(buildPanel(panel, context, COLUMNS / line.length, height));
  }
}

/** So many in a line; the last ones are wider where there are fewer. */
const lines = (panels: readonly Panel[], perLine: number): Panel[][] =>
  Array.from({ length: Math.ceil(panels.length / perLine) }, (_, index) =>
    panels.slice(index * perLine, (index + 1) * perLine),
  );

function variables({ job, identity, variables }: Board): Array<Builder<VariableModel>> {
  return [
    new DatasourceVariableBuilder('datasource')
      .label('Data source')
      .description('The Prometheus that scrapes the stack')
      .type('prometheus')
      .current({ text: 'Prometheus', value: PROMETHEUS }),
    variable({
      name: 'job',
      of: identity,
      label: 'job',
      description: 'Which scrape jobs',
      first: job,
    }),
    variable({
      name: 'instance',
      of: `${identity}{job=~"$job"}`,
      label: 'instance',
      description: 'Which instances of them',
    }),
    ...variables.map(variable),
  ];
}

function variable({ name, of, label, description, first, regex, listedOnly }: Variable): Builder<VariableModel> {
  const query = `label_values(${of}, ${label})`;
  const builder = new QueryVariableBuilder(name)
    .label(name.charAt(0).toUpperCase() + name.slice(1))
    .description(description)
    .datasource(DATASOURCE)
    .query({ query, refId: name })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc)
    .multi(true)
    .includeAll(true)
    .current(first === undefined ? { text: ['All'], value: ['$__all'] } : { text: [first], value: [first] });
  if (listedOnly !== true) builder.allValue('.+');
  return regex === undefined ? builder : builder.regex(regex);
}

const otherBoards = () =>
  new DashboardLinkBuilder('Breakwater').type(DashboardLinkType.Dashboards).tags([TAG]).asDropdown(true).keepTime(true);

const alertsFired = (categories: readonly Category[]): Builder<AnnotationQuery> =>
  new AnnotationQueryBuilder()
    .name('Alerts')
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor('red')
    .expr(`ALERTS{alertstate="firing",severity=~"critical|warning",category=~"${categories.join('|')}"}`)
    .step('60s')
    .titleFormat('{{alertname}}')
    .textFormat('{{severity}} {{instance}}')
    .tagKeys('severity,category');

/** Marked at the instant that the value says. */
const starts = (series: string): Builder<AnnotationQuery> =>
  new AnnotationQueryBuilder()
    .name('Starts')
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor('blue')
    .expr(`${chosen(series)} * 1000`)
    .step('60s')
    .useValueForTime(true)
    .titleFormat('{{job}} started')
    .textFormat('{{instance}}');
