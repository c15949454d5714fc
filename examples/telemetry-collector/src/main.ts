#!/usr/bin/env node
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DirectoryInUseError } from '@breakwater/delivery';
import { ConfigError, type Environment } from '@breakwater/resilience';
import { type Arguments, readArguments } from './arguments.js';
import { type CollectorConfig, readConfig } from './config/config.js';
import { endOnCrash } from './crash.js';
import { DemoSource, demoCircuit } from './demo/source.js';
import { headingOf } from './heading.js';
import { HELP } from './help.js';
import { LOG_FILE, type Logger, openLog } from './log.js';
import { openOutlets } from './outlets.js';
import { VERSION } from './process/self.js';
import { run, type TargetSource } from './run.js';
import { TargetsFileError } from './targets/mistakes.js';
import { TargetStore } from './targets/store.js';
import { LiveView, PlainView, type View } from './terminal/view.js';

/** A disk that hangs must not hold up the end, in milliseconds: what was accepted is on it already. */
const CLOSING_MS = 2_000;

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

async function main(env: Environment): Promise<number> {
  const args = readArguments(process.argv.slice(2));
  if (args.help || args.version) {
    say(args.help ? HELP : VERSION);
    return 0;
  }
  return collect(args, readConfig(env), env);
}

async function collect(args: Arguments, config: CollectorConfig, env: Environment): Promise<number> {
  const isDemo = config.targetsFile === undefined;
  const isLive = process.stdout.isTTY && !args.plain;
  const logFile = isLive && process.stderr.isTTY ? join(config.dataDir, LOG_FILE) : undefined;
  const log = openLog(config.logLevel, logFile);
  const view: View = isLive
    ? new LiveView(process.stdout, env)
    : new PlainView({ everyMs: isDemo ? 5_000 : 30_000, summary: isDemo || args.forMs !== undefined, write: say });
  endOnCrash(log, view);
  const circuit = isDemo ? demoCircuit(env) : undefined;
  const outlets = await openOutlets({ config, log });
  try {
    return await run({
      ...config,
      ...outlets,
      env,
      forMs: args.forMs,
      circuit,
      targets: sourceOf(config, env, log),
      log,
      view,
      heading: (url, fleet) => headingOf({ config, env, url, circuit, fleet, logFile }),
    });
  } finally {
    view.close();
    await Promise.race([outlets.close(), pause(CLOSING_MS)]);
  }
}

function sourceOf({ targetsFile }: CollectorConfig, env: Environment, log: Logger): TargetSource {
  if (targetsFile === undefined) return new DemoSource();
  return new TargetStore({
    file: targetsFile,
    env,
    onReload: (outcome, cause) => {
      if (outcome.outcome === 'broken')
        log.error({ cause }, `${outcome.error.message}\nThe targets stay as they were.`);
      else if (outcome.outcome === 'changed') log.info({ cause, targets: outcome.targets }, 'targets changed');
    },
  });
}

/** What whoever started it can mend is told in words, without a stack. Undefined: it is something else. */
function advice(error: unknown): string | undefined {
  const isOurs = [ConfigError, TargetsFileError, DirectoryInUseError].some((kind) => error instanceof kind);
  if (isOurs) return (error as Error).message;
  const { syscall, message } = error as NodeJS.ErrnoException;
  return syscall === 'listen' ? `${message}; set HOST and PORT to an address that is free` : undefined;
}

try {
  process.exit(await main(process.env));
} catch (error) {
  const words = advice(error);
  if (words === undefined) throw error;
  process.stderr.write(`telemetry-collector: ${words}\n`);
  process.exit(2);
}
