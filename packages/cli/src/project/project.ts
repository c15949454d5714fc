import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Plan, parseStack, planStack, type RenderedFile, renderStack } from '@breakwater/stack';

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
  const { stack } = parseStack(await readFile(file, 'utf8'), file);
  const plan = planStack(stack);
  return { folder: dirname(resolve(file)), file, plan, rendered: renderStack(plan) };
}
