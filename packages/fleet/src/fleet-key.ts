import { ConfigError } from '@breakwater/resilience';

const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/** @throws ConfigError unless `name` can be part of a key: 1 to 64 of A-Z a-z 0-9 _ . - */
export function checkName(what: string, name: string): string {
  if (NAME.test(name)) return name;
  throw new ConfigError(`${what} is ${JSON.stringify(name)}; it must be 1 to 64 of the characters A-Z a-z 0-9 _ . -`);
}

/** The key, or channel, of one thing of a fleet. The braces keep a fleet in one slot of a Redis cluster. */
export const fleetKey = (fleet: string, what: string): string =>
  `breakwater:{${checkName('the fleet', fleet)}}:${what}`;
