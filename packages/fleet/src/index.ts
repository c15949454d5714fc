export { FleetError, type FleetErrorReason } from './fleet-error.js';
export type { Load } from './membership/load.js';
export type { Member, Membership, OnStanding, StandingChange } from './membership/membership.js';
export type { Kept, Standing, StandingKind } from './membership/standing.js';
export { type Moves, type Owner, Ownership } from './ownership/ownership.js';
export { owner } from './ownership/rendezvous.js';
export { type RedisLinkOptions, redisLink } from './redis/link.js';
export type { LinkState, RedisLink, ScriptArgument, ScriptReply } from './redis/redis-link.js';
export { type Script, script } from './redis/script.js';
