import { HaproxyConfig } from '../haproxy/haproxy-config.js';

/** The text with lines at the end of a section (`defaults`, `backend influxdb`); where it has none, the sections it has. */
export function addLines(text: string, section: string, lines: readonly string[]): string | readonly string[] {
  const { sections } = new HaproxyConfig('haproxy.cfg', text);
  const named = sections.map(({ kind, name }) => (name === undefined ? kind : `${kind} ${name}`));
  const found = sections[named.indexOf(section)];
  if (found === undefined) return named;
  const last = found.lines.at(-1)?.line ?? found.line;
  return text
    .split('\n')
    .toSpliced(last, 0, ...lines.map((line) => `    ${line}`))
    .join('\n');
}
