import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Plan, parseStack, planStack, type RenderedFile, renderPatched } from '@breakwater/stack';

/** A stack file on disk, and what follows from it. */
export interface StackOnDisk {
  /** The folder of the stack file: rendered paths start there. */
  readonly folder: string;
  readonly plan: Plan;
  /** What is rendered from it, with its patches: some work. @throws StackFileError for a patch that does not fit. */
  render(): readonly RenderedFile[];
}

/** @throws StackFileError with every mistake of the stack file. */
export async function readStack(file: string): Promise<StackOnDisk> {
  const { stack, document } = parseStack(await readFile(file, 'utf8'), file);
  const folder = dirname(resolve(file));
  const plan = planStack(stack, { targets: await textOf(join(folder, stack.collectors.targets)) });
  return { folder, plan, render: () => renderPatched(plan, document) };
}

/** Undefined where there is no such file. */
export async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
