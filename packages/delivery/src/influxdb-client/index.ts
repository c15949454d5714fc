export { DurableWriteApi, durableWriteApi, type Writable } from './durable-write-api.js';
export { type OpenDurableWriteOptions, openDurableWriteApi } from './open.js';
export type { DurableWriteOptions } from './options.js';
