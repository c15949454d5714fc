import { readFileSync } from 'node:fs';
import { runCli } from './cli.js';
import { commands } from './commands.js';
import { processIo } from './process-io.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

process.exitCode = await runCli(process.argv.slice(2), processIo(), { version, commands });
