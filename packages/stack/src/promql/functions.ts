type Argument = 'vector' | 'range' | 'scalar' | 'string' | 'any';

export interface PromqlFunction {
  readonly args: readonly Argument[];
  /** How many of them may be left out. */
  readonly optional: number;
  readonly returns: 'vector' | 'scalar';
}

const fn = (args: readonly Argument[], optional = 0, returns: 'vector' | 'scalar' = 'vector'): PromqlFunction => ({
  args,
  optional,
  returns,
});
const all = (names: string, value: PromqlFunction) => names.split(' ').map((name) => [name, value] as const);

/** The functions of PromQL and what they take: https://prometheus.io/docs/prometheus/latest/querying/functions/ */
export const FUNCTIONS: ReadonlyMap<string, PromqlFunction> = new Map([
  ...all(
    'rate irate increase delta idelta deriv resets changes avg_over_time min_over_time max_over_time sum_over_time ' +
      'count_over_time last_over_time first_over_time present_over_time absent_over_time stddev_over_time ' +
      'stdvar_over_time mad_over_time ts_of_first_over_time ts_of_max_over_time ts_of_min_over_time ts_of_last_over_time',
    fn(['range']),
  ),
  ...all('predict_linear', fn(['range', 'scalar'])),
  ...all('quantile_over_time', fn(['scalar', 'range'])),
  ...all('double_exponential_smoothing', fn(['range', 'scalar', 'scalar'])),
  ...all(
    'abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_avg histogram_count ' +
      'histogram_stddev histogram_stdvar histogram_sum ln log10 log2 rad sgn sin sinh sort sort_desc sqrt ' +
      'start_timestamp tan tanh timestamp',
    fn(['vector']),
  ),
  ...all('clamp', fn(['vector', 'scalar', 'scalar'])),
  ...all('clamp_max clamp_min', fn(['vector', 'scalar'])),
  ...all('round', fn(['vector', 'scalar'], 1)),
  ...all('histogram_quantile', fn(['scalar', 'vector'])),
  ...all('histogram_fraction', fn(['scalar', 'scalar', 'vector'])),
  ...all('label_replace', fn(['vector', 'string', 'string', 'string', 'string'])),
  ...all('info', fn(['vector', 'any'], 1)),
  ...all('day_of_month day_of_week day_of_year days_in_month hour minute month year', fn(['vector'], 1)),
  ...all('scalar', fn(['vector'], 0, 'scalar')),
  ...all('time pi start end range step', fn([], 0, 'scalar')),
  ...all('vector', fn(['scalar'])),
]);

/** Those that take any number of labels after these. */
export const VARIADIC: ReadonlyMap<string, readonly Argument[]> = new Map([
  ['label_join', ['vector', 'string', 'string', 'string']],
  ['sort_by_label', ['vector', 'string']],
  ['sort_by_label_desc', ['vector', 'string']],
  ['histogram_quantiles', ['vector', 'string', 'scalar']],
]);

export const FUNCTION_NAMES: readonly string[] = [...FUNCTIONS.keys(), ...VARIADIC.keys()];

/** Aggregations with a parameter, and what it is. */
export const PARAMETERS: ReadonlyMap<string, Argument> = new Map([
  ['topk', 'scalar'],
  ['bottomk', 'scalar'],
  ['quantile', 'scalar'],
  ['limitk', 'scalar'],
  ['limit_ratio', 'scalar'],
  ['count_values', 'string'],
]);
