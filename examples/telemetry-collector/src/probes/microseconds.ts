/** Milliseconds with three decimals: more would only be noise, and bytes in every point. */
export const toMicroseconds = (ms: number): number => Math.round(ms * 1000) / 1000;
