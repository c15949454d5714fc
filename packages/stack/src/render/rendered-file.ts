/** A file as it is committed: its path from the folder of the stack file, and all of its text. */
export interface RenderedFile {
  readonly path: string;
  readonly text: string;
}

/** The first lines of whatever is rendered and has comments that start with "#". */
export const HEADING =
  '# Rendered by `breakwater generate` from breakwater.stack.yaml; change that file, not this one.\n';

/** Whether the start of a file says that it was rendered: as a comment in its first lines. */
export const isRendered = (head: string): boolean => /^(?:# |<!-- )Rendered by `breakwater generate` from /m.test(head);
