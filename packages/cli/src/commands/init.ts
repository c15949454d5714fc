import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseStack, STARTER, STARTER_TARGETS } from '@breakwater/stack';
import { command, FINE } from '../command.js';
import type { Io } from '../io.js';
import { DEFAULT_STACK_FILE, STACK_FILE } from './stack-options.js';

export const init = command({
  options: { file: STACK_FILE },
  notes: 'What is there already is left as it is.',
  async run({ file = DEFAULT_STACK_FILE }, io) {
    const { targets } = parseStack(STARTER, file).stack.collectors;
    await writeNew(file, STARTER, io);
    await writeNew(join(dirname(file), targets), STARTER_TARGETS, io);
    io.say('Change them to what you have, then: breakwater generate && breakwater check\n');
    return FINE;
  },
});

async function writeNew(file: string, text: string, io: Io): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  try {
    await writeFile(file, text, { flag: 'wx' });
    await io.print(`${file}\n`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    io.say(`${file} is there already, and stays as it is\n`);
  }
}
