import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checks } from './checks.js';
import { buildCollectorImage } from './collector-image.js';
import { openEngine } from './engine.js';
import { buildHostImage } from './host-image.js';
import { IMAGES, NODE } from './images.js';
import { ComposeStack } from './stack.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FILE = 'docker-compose.ha.yml';
const HELP = `usage: npm run test:compose

Starts ${FILE} in containers, with nothing but the images replaced: by ones made of the programs of this machine, so
that nothing is fetched. Waits until all are healthy, asks what users ask, kills a collector and an InfluxDB, scales and
reloads. Uses the Docker engine that runs, or starts one (as root); its ports must be free on 127.0.0.1. Leaves nothing
behind. Exits 1 when something does not hold.`;
const HEALTHY_WITHIN_MS = 120_000;

const { values } = parseArgs({ options: { help: { type: 'boolean' } } });
if (values.help === true) {
  process.stdout.write(`${HELP}\n`);
  process.exit(0);
}

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

/** Rejects when we are told to stop, so that what runs is taken down. */
const stopped = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => reject(new Error(`stopped by ${signal}`)));
});
stopped.catch(() => {});

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await Promise.race([work(), stopped]);
  say(`ok   ${what} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  return result;
}

async function test(): Promise<void> {
  await using engine = await openEngine();
  say(`     the Docker engine ${engine.isOurs ? 'was started for this' : 'is the one that runs'}`);
  await timed('images of the programs of this machine are built', async () => {
    for (const image of [NODE, ...IMAGES.map(([, each]) => each)]) await buildHostImage(image, engine.env);
  });
  await timed('the image of the collector is built, by the last stage of its Dockerfile', () =>
    buildCollectorImage(ROOT, engine.env),
  );
  await using stack = await ComposeStack.prepare(ROOT, FILE, engine.env);
  say(`     not run, as there is no image here: ${stack.missing.join(', ')}`);
  try {
    await timed(`${FILE} is up`, () => stack.up());
    await timed(`all ${stack.services.length} services are healthy`, () => stack.healthy(HEALTHY_WITHIN_MS));
    for (const [what, check] of checks(stack)) await timed(what, check);
  } catch (error) {
    const ill = (await stack.states()).filter(({ status }) => status !== 'healthy').map(({ service }) => service);
    if (ill.length > 0) say(await stack.compose('logs', '--no-color', '--tail', '20', ...ill).catch(String));
    throw error;
  }
}

try {
  await test();
  say('everything holds');
} catch (error) {
  say(`FAILED ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
// What a signal cut short must not hold up the end.
process.exit();
