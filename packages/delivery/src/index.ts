export type { Backend } from './backend/backend.js';
export { IntakeError } from './intake/intake.js';
export { openSpool, type Spool, type SpoolOptions } from './spool/spool.js';
