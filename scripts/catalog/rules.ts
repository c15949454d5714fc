import type { MetricDefinition } from '@breakwater/resilience';

const NAME = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;
/** Prometheus' base units, as a name ends in them; a thing that is counted is a unit too. */
const HISTOGRAM_UNITS = ['_seconds', '_bytes', '_items'];
/** Units that are no base units: Prometheus wants seconds and bytes. */
const WRONG_UNIT = /_(?:ms|millis|milliseconds|us|ns|minutes|hours|kb|mb|kilobytes|megabytes|percent)(?:_|$)/;
/** Labels that Prometheus gives a meaning of its own. */
const TAKEN = ['le', 'job', 'instance'];

/**
 * What is wrong with a metric, by the conventions of Prometheus (https://prometheus.io/docs/practices/naming/) and by our own:
 * a prefix that says whose it is, and labels whose values are bounded.
 */
export function namingProblems(definition: MetricDefinition, prefixes: readonly string[]): string[] {
  const { name, help } = definition;
  const problems = [
    NAME.test(name) ? '' : 'its name is not in snake case',
    prefixes.some((prefix) => name.startsWith(prefix)) ? '' : `its name begins with none of ${prefixes.join(', ')}`,
    WRONG_UNIT.test(name) ? 'its name has a unit that is no base unit; use seconds or bytes' : '',
    /^[A-Z0-9]/.test(help) && !help.endsWith('.')
      ? ''
      : 'its help is not a phrase with a capital and without a full stop',
    ...typeProblems(definition),
    ...Object.entries(definition.labels).flatMap(([label, values]) => labelProblems(label, values)),
  ];
  return problems.filter((problem) => problem !== '').map((problem) => `${name}: ${problem}`);
}

function typeProblems({ name, type, buckets }: MetricDefinition): string[] {
  const isCounter = type === 'counter';
  const isHistogram = type === 'histogram';
  const rising = buckets?.every((bound, index) => index === 0 || bound > buckets[index - 1]!) === true;
  return [
    name.endsWith('_total') === isCounter ? '' : 'names of counters, and of nothing else, end in _total',
    isHistogram && !HISTOGRAM_UNITS.some((unit) => name.endsWith(unit)) ? 'a histogram ends in its unit' : '',
    isHistogram && !rising ? 'a histogram has buckets that rise' : '',
    !isHistogram && buckets !== undefined ? `a ${type} has no buckets` : '',
    /_(?:bucket|sum|count)$/.test(name) ? 'its name is that of a series of a histogram' : '',
  ];
}

function labelProblems(label: string, values: string | readonly string[]): string[] {
  const listed = typeof values === 'string' ? [values.trim()] : values;
  return [
    NAME.test(label) ? '' : `the label ${label} is not in snake case`,
    TAKEN.includes(label) ? `the label ${label} has a meaning of its own to Prometheus` : '',
    label === 'key' ? 'a label for each key has no bound' : '',
    listed.length > 0 && !listed.includes('') ? '' : `nothing bounds the label ${label}`,
    new Set(listed).size === listed.length ? '' : `the label ${label} lists a value twice`,
  ];
}
