export { numberOption, type OptionRange } from '../config/option.js';
export { Call } from '../core/call.js';
export { Layer, type Next } from '../core/layer.js';
export { PriorityQueue, Queued } from '../semaphore/priority-queue.js';
