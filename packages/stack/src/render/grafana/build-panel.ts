import { PanelBuilder as Bars } from '@grafana/grafana-foundation-sdk/bargauge';
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type DashboardLink,
  DashboardLinkBuilder,
  DashboardLinkType,
  type DataTransformerConfig,
  FieldColorBuilder,
  FieldColorModeId,
  type Panel as GrafanaPanel,
  MappingType,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as Heatmap, YAxisConfigBuilder } from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as Timeline } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as Series } from '@grafana/grafana-foundation-sdk/timeseries';
import type { Alert } from '../../alerts/alert.js';
import type { BoardContext, Panel, Query, State } from './board.js';
import type { Step } from './limits.js';

/** The one that is chosen at the top. */
export const DATASOURCE = { type: 'prometheus', uid: '$datasource' };

type AnyPanel = Stat | Series | Bars | Timeline | Heatmap | Table;

/** A panel as Grafana takes it, of this many columns and rows of the grid. */
export function buildPanel(panel: Panel, context: BoardContext, width: number, height: number): Builder<GrafanaPanel> {
  const alerts = (panel.alerts ?? []).flatMap((name) => context.alerts.get(name) ?? []);
  const { runbook } = context.plan.stack.monitoring;
  const now = panel.kind === 'stat' || panel.kind === 'bars' || panel.kind === 'table';
  return drawn(panel)
    .title(panel.title)
    .description(describe(panel.description, alerts, runbook))
    .datasource(DATASOURCE)
    .unit(panel.unit)
    .targets(panel.queries.map((query, index) => target(query, index, now, panel)))
    .links(linksTo(alerts, runbook))
    .span(width)
    .height(height);
}

/** What of a panel depends on its kind. */
function drawn(panel: Panel): AnyPanel {
  switch (panel.kind) {
    case 'stat':
      return (
        valued(new Stat(), panel)
          .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
          .colorMode(panel.steps === undefined ? BigValueColorMode.None : BigValueColorMode.Background)
          // What was before is not shown: a series that ended would stay green for ever.
          .graphMode(BigValueGraphMode.None)
      );
    case 'bars':
      return valued(new Bars(), panel)
        .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
        .orientation(VizOrientation.Horizontal);
    case 'timeline':
      return valued(new Timeline(), panel).legend(legend([])).tooltip(tooltip());
    case 'heatmap':
      return new Heatmap().calculate(false).showLegend().yAxis(new YAxisConfigBuilder().unit(panel.unit));
    case 'table':
      return valued(new Table(), panel).transformations(oneLine(panel.queries));
    case 'series':
      return course(valued(new Series(), panel), panel);
  }
}

function course(builder: Series, { steps, stacked }: Panel): Series {
  builder
    .legend(legend(['lastNotNull', 'max']))
    .tooltip(tooltip())
    .showPoints(VisibilityMode.Never)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
    .fillOpacity(stacked === true ? 30 : 5);
  if (stacked === true) builder.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  if (steps !== undefined) {
    builder.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  }
  return builder;
}

interface Valued {
  thresholds(thresholds: Builder<{ mode: ThresholdsMode; steps: Threshold[] }>): this;
  colorScheme(color: FieldColorBuilder): this;
  mappings(mappings: ValueMapping[]): this;
  min(min: number): this;
  max(max: number): this;
  decimals(decimals: number): this;
  noValue(text: string): this;
}

/** What a value looks like: colours, names of states, bounds. */
function valued<T extends Valued>(builder: T, { steps, states, min, max, decimals, rare }: Panel): T {
  const coloured = steps ?? [{ from: null, colour: 'green' as const }];
  builder.thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(coloured.map(threshold)));
  builder.colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds));
  if (states !== undefined) builder.mappings([mapping(states)]);
  if (min !== undefined) builder.min(min);
  if (max !== undefined) builder.max(max);
  if (decimals !== undefined) builder.decimals(decimals);
  if (rare === true) builder.noValue('none');
  return builder;
}

const threshold = ({ from, colour }: Step): Threshold => ({ value: from, color: colour });

const mapping = (states: readonly State[]): ValueMapping => ({
  type: MappingType.ValueToText,
  options: Object.fromEntries(states.map(({ value, text, colour }, index) => [value, { text, color: colour, index }])),
});

const legend = (calcs: string[]) =>
  new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(calcs.length === 0 ? LegendDisplayMode.List : LegendDisplayMode.Table)
    .placement(LegendPlacement.Bottom)
    .calcs(calcs);

const tooltip = () => new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending);

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** `now`: the value at the end of the time range, and no course. */
function target({ expr, legend }: Query, index: number, now: boolean, { kind, rare }: Panel): Builder<Dataquery> {
  const query = new DataqueryBuilder()
    .datasource(DATASOURCE)
    .refId(LETTERS[index]!)
    .expr(rare === true ? `${expr} > 0` : expr);
  if (now) query.instant();
  else query.range();
  if (kind === 'table') return query.format(PromQueryFormat.Table);
  if (kind === 'heatmap') return query.format(PromQueryFormat.Heatmap).legendFormat('{{le}}');
  return query.legendFormat(legend ?? '__auto');
}

/** The queries of a table side by side: a line for each set of labels, a column for each query. */
function oneLine(queries: readonly Query[]): DataTransformerConfig[] {
  const columns = queries.map(({ legend }, index) => [`Value #${LETTERS[index]}`, legend ?? LETTERS[index]!] as const);
  return [
    { id: 'merge', options: {} },
    { id: 'organize', options: { excludeByName: { Time: true }, renameByName: Object.fromEntries(columns) } },
  ];
}

/** The text behind the "i" of a panel: what it shows, and where its alerts are explained. */
function describe(description: string, alerts: readonly Alert[], runbook: string): string {
  if (alerts.length === 0) return description;
  const list = alerts.map(({ name, severity }) => `- ${name} (${severity}): ${anchorOf(name, runbook)}`);
  return `${description}\n\nAlerts, and what to do:\n${list.join('\n')}`;
}

/** Links lead somewhere where the runbook has a URL; a path is only named in the description. */
const linksTo = (alerts: readonly Alert[], runbook: string): Array<Builder<DashboardLink>> =>
  /^https?:\/\//.test(runbook)
    ? alerts.map(({ name }) =>
        new DashboardLinkBuilder(`Runbook: ${name}`)
          .type(DashboardLinkType.Link)
          .url(anchorOf(name, runbook))
          .targetBlank(true),
      )
    : [];

const anchorOf = (alert: string, runbook: string): string => `${runbook}#${alert.toLowerCase()}`;
