/** What the soak polls: so many origins, ten targets each, of which some hang from the start and some begin to. */
export const ORIGINS = 200;
const TARGETS_PER_ORIGIN = 10;
export const EVERY_MS = 10_000;
export const NAMELESS = 50;

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

/** Origins 0 to 19 accept and never answer; 20 to 39 answer for a minute, then hang together; the others stay healthy. */
export const HANGING = range(0, 20);
export const TURNING = range(20, 40);
export const HEALTHY = range(40, ORIGINS);

export const targetsOf = (origin: number): string[] =>
  range(0, TARGETS_PER_ORIGIN).map((index) => `origin-${origin}-${index}`);

/** A targets file with every default but the interval; `nameless` more targets have a name that no server resolves. */
export function targetsFile(ports: readonly number[], nameless: number): string {
  const lines = ports.flatMap((port, origin) =>
    targetsOf(origin).map((name) => `  - { name: ${name}, probe: http, url: "http://127.0.0.1:${port}/${name}" }`),
  );
  for (let index = 0; index < nameless; index++) {
    lines.push(`  - { name: nameless-${index}, probe: http, url: "http://host-${index}.soak.test/" }`);
  }
  return `apiVersion: breakwater/v1\nkind: Targets\ndefaults: { interval: ${EVERY_MS / 1000}s, timeout: 5s }\ntargets:\n${lines.join('\n')}\n`;
}
