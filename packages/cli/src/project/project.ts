import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Plan, parseStack, planStack, type RenderedFile, renderPatched } from '@breakwater/stack';

/** A stack file on disk, and what is rendered from it. */
export interface Project {
  /** The folder of the stack file: rendered paths start there. */
  readonly folder: string;
  /** The stack file as messages call it. */
  readonly file: string;
  readonly plan: Plan;
  readonly rendered: readonly RenderedFile[];
}

/** @throws StackFileError with every mistake of the stack file. */
export async function readProject(file: string): Promise<Project> {
  const { stack, document } = parseStack(await readFile(file, 'utf8'), file);
  const folder = dirname(resolve(file));
  const plan = planStack(stack, { targets: await textOf(join(folder, stack.collectors.targets)) });
  return { folder, file, plan, rendered: renderPatched(plan, document) };
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
