import { type Environment, readNumber } from '@breakwater/resilience';
import type { FileSinkOptions } from '../sinks/file/file-sink.js';
import type { Problems } from './problems.js';
import { readChoice } from './values.js';

export type FileConfig = Readonly<Omit<FileSinkOptions, 'clock' | 'storage' | 'onNotice'>>;

const KIB = 1024;
const TIB = KIB ** 4;

/** Files where there is no server, or where `FILE_SINK` says `on`. */
export function readFiles(
  env: Environment,
  directory: string,
  hasServers: boolean,
  problems: Problems,
): FileConfig | undefined {
  const wish = problems.attempt(() => readChoice(env, 'FILE_SINK', ['auto', 'on', 'off'], 'auto'));
  const files = readLimits(env, directory, problems);
  if (wish === 'off' && !hasServers) {
    problems.add('FILE_SINK is "off" and INFLUX_URLS is not set: points would go nowhere');
  }
  return wish === 'on' || !hasServers ? files : undefined;
}

function readLimits(env: Environment, directory: string, problems: Problems): FileConfig {
  const number = (name: string, standard: number, min: number, max: number): number =>
    problems.attempt(() => readNumber(env, name, { default: standard, min, max, integer: true })) ?? Number.NaN;
  const maxFileBytes = number('FILE_SINK_MAX_FILE_BYTES', 64 * KIB ** 2, 64 * KIB, 4 * KIB ** 3);
  const maxTotalBytes = number('FILE_SINK_MAX_BYTES', KIB ** 3, 128 * KIB, 16 * TIB);
  const maxFileAgeMs = number('FILE_SINK_MAX_FILE_AGE', 86_400, 60, 31_536_000) * 1000;
  if (maxTotalBytes < 2 * maxFileBytes) {
    problems.add(
      `FILE_SINK_MAX_BYTES is ${maxTotalBytes}; it must be at least twice FILE_SINK_MAX_FILE_BYTES, ${2 * maxFileBytes}`,
    );
  }
  return { directory, maxFileBytes, maxTotalBytes, maxFileAgeMs };
}
