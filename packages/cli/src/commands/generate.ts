import { command, FINE, FOUND } from '../command.js';
import { many } from '../print/units.js';
import { leftBehind } from '../project/left-behind.js';
import { OutputFolder } from '../project/output-folder.js';
import { readStack } from '../project/project.js';
import { DEFAULT_STACK_FILE, STACK_FILE } from './stack-options.js';

export const generate = command({
  options: { file: STACK_FILE, check: { help: 'write nothing; exit 1 where a file is not what would be rendered' } },
  notes: [
    'Each file is written whole or not at all, below the folder of the stack file, and only where it changes. Files that an',
    'earlier stack file rendered and this one does not are named, and left to you.',
  ].join('\n'),
  async run({ file = DEFAULT_STACK_FILE, check }, io) {
    const { folder, render } = await readStack(file);
    const rendered = render();
    const output = new OutputFolder(folder);
    // All are looked at before any is written.
    const changes = [];
    for (const { path, text } of rendered) {
      const present = await output.read(path);
      if (present !== text) changes.push({ path, text, what: present === undefined ? 'new' : 'changed' });
    }
    for (const { path, text, what } of changes) {
      if (!check) await output.write(path, text);
      await io.print(
        check ? `${path}: ${lacks(what)} what ${file} renders\n` : `${what.padEnd('changed'.length)}  ${path}\n`,
      );
    }
    const left = await leftBehind(folder, rendered);
    for (const path of left) await io.print(`${path}: is no longer rendered; delete it\n`);
    io.say(summary(rendered.length, changes.length, check));
    return check && changes.length + left.length > 0 ? FOUND : FINE;
  },
});

const lacks = (what: string): string => (what === 'new' ? 'is missing of' : 'is not');

function summary(files: number, changes: number, isChecking: boolean): string {
  if (changes === 0) return `${many(files, 'file')} up to date\n`;
  return isChecking ? 'breakwater generate writes them anew\n' : `${changes} of ${many(files, 'file')} written\n`;
}
