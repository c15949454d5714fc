import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LIVE_NAMES, liveList } from '../packages/stack/src/emitted/live-pages.suite.js';
import { ROOT } from './workspace.js';

/** Writes the lists in packages/stack/data/emitted anew whose exporters run here: `npm run exporter-lists`. */
for (const name of LIVE_NAMES) {
  const file = join(ROOT, `packages/stack/data/emitted/${name}.json`);
  writeFileSync(file, `${JSON.stringify(await liveList(name), null, 1)}\n`);
}
