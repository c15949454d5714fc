export { opossumAction } from './action.js';
export { type FromOpossumOptions, fromOpossum, type OpossumPolicy } from './from-opossum.js';
export type { OpossumBreaker } from './opossum-breaker.js';
export type { OpossumCall } from './visit.js';
