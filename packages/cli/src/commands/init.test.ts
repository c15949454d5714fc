import { expect, it } from 'vitest';
import { breakwater } from '../io.suite.js';
import { StackFolder } from './stack-folder.suite.js';

it('writes a stack file and targets, and says what comes next', async () => {
  await using folder = await StackFolder.make();
  const { code, printed, said } = await breakwater('init', '--file', folder.file);
  expect([code, printed]).toEqual([0, `${folder.file}\n${folder.at('deploy/targets.yaml')}\n`]);
  expect(said).toContain('breakwater generate && breakwater check');
  expect(await folder.files()).toEqual(['breakwater.stack.yaml', 'deploy/targets.yaml']);
});

it('leaves what is there as it is', async () => {
  await using folder = await StackFolder.init();
  await folder.change('breakwater.stack.yaml', 'max: 20', 'max: 40');
  const before = await folder.read('breakwater.stack.yaml');
  const { code, printed, said } = await breakwater('init', '--file', folder.file);
  expect([code, printed]).toEqual([0, '']);
  expect(said).toContain(`${folder.file} is there already, and stays as it is\n`);
  expect(await folder.read('breakwater.stack.yaml')).toBe(before);
});

it('writes what generates and fits', { timeout: 180_000 }, async () => {
  await using folder = await StackFolder.rendered();
  const { code, printed } = await breakwater('check', '--file', folder.file);
  expect({ code, printed }).toEqual({ code: 0, printed: '' });
});
