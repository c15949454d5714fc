import type { ComposeFile, ComposeService } from './compose-file.js';

/** The named volumes that services mount: what does not begin like a path. */
export function volumesOf(services: Readonly<Record<string, ComposeService>>): ComposeFile['volumes'] {
  const sources = Object.values(services).flatMap(({ volumes = [] }) => volumes.map((mount) => mount.split(':')[0]!));
  return Object.fromEntries(sources.filter((source) => /^[a-z]/.test(source)).map((name) => [name, {}]));
}
