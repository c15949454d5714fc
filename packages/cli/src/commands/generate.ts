import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { command, FINE, FOUND } from '../command.js';
import { readProject, textOf } from '../project/project.js';
import { DEFAULT_STACK_FILE, STACK_FILE } from './stack-options.js';

export const generate = command({
  name: 'generate',
  summary: 'Render everything that the stack file describes',
  options: { file: STACK_FILE, check: { help: 'write nothing; exit 1 where a file is not what would be rendered' } },
  async run({ file = DEFAULT_STACK_FILE, check }, io) {
    const { folder, rendered } = await readProject(file);
    const stale: string[] = [];
    for (const { path, text } of rendered) {
      const target = join(folder, path);
      if ((await textOf(target)) === text) continue;
      stale.push(path);
      if (check) continue;
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, text);
    }
    for (const path of stale) await io.print(check ? `${path}: is not what ${file} renders\n` : `${path}\n`);
    io.say(summary(rendered.length, stale.length, check));
    return check && stale.length > 0 ? FOUND : FINE;
  },
});

function summary(files: number, stale: number, isChecking: boolean): string {
  if (stale === 0) return `${files} files are what the stack file renders\n`;
  return isChecking ? 'breakwater generate writes them anew\n' : `${stale} of ${files} files written\n`;
}
