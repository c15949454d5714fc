/** Options that the commands around the stack file share. */
export const STACK_FILE = { value: 'FILE', help: 'the stack file; default breakwater.stack.yaml' } as const;
export const DEFAULT_STACK_FILE = 'breakwater.stack.yaml';
