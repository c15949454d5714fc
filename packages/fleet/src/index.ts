export type { Hint, HintReply, HintRequest, HintStore, Say } from './breaker/hint-store.js';
export { memoryHintStore } from './breaker/memory-hint-store.js';
export { type HintKind, type ProbeOutcome, SHARED_BREAKER_METRICS } from './breaker/metrics.js';
export { type RedisHintStoreOptions, redisHintStore } from './breaker/redis-hint-store.js';
export { type SharedBreaker, type SharedBreakerOptions, sharedBreaker } from './breaker/shared-breaker.js';
export { FLEET_CHANNEL, type FleetEvent } from './events.js';
export { FleetError, type FleetErrorReason } from './fleet-error.js';
export { leaderLease } from './leader/candidate.js';
export { type FencedWorkload, fencedWorkload } from './leader/fenced-workload.js';
export type { LeaderLease, LeaderLeaseOptions } from './leader/leader-lease.js';
export type { LeaseHolder } from './leader/lease-state.js';
export type { LeaseAnswer, LeaseClaim, LeaseStore } from './leader/lease-store.js';
export { memoryLeaseStore } from './leader/memory-lease-store.js';
export { type ActOutcome, LEADER_METRICS, type TermEnd } from './leader/metrics.js';
export { type RedisLeaseStoreOptions, redisLeaseStore } from './leader/redis-lease-store.js';
export { readStamp, type Stamp, stampText } from './leader/stamp.js';
export type { Term } from './leader/term.js';
export { StaleTermError, type Workload, WorkloadConflict, type WorkloadView } from './leader/workload.js';
export { LIMITER_METRICS } from './limiter/metrics.js';
export type { Load } from './membership/load.js';
export type { Member, Membership, OnStanding, StandingChange } from './membership/membership.js';
export type {
  Admitted,
  Beat,
  BeatReply,
  MemberList,
  MembershipStore,
  Superseded,
} from './membership/membership-store.js';
export { memoryMembershipStore } from './membership/memory-membership-store.js';
export { type HeartbeatOutcome, MEMBERSHIP_METRICS } from './membership/metrics.js';
export { type RedisMembershipStoreOptions, redisMembershipStore } from './membership/redis-membership-store.js';
export { type MembershipOptions, membership } from './membership/replica.js';
export type { MembershipTimes } from './membership/settings.js';
export type { Kept, Standing, StandingKind } from './membership/standing.js';
export type { Owner } from './ownership/explain.js';
export { OWNERSHIP_METRICS } from './ownership/metrics.js';
export { type Moves, Ownership } from './ownership/ownership.js';
export { owner, owners } from './ownership/rendezvous.js';
export { type RedisLinkEnvironment, redisLinkFromEnv } from './redis/from-env.js';
export { redisLink } from './redis/link.js';
export { type ConnectionUse, REDIS_METRICS } from './redis/metrics.js';
export type { RedisLinkOptions } from './redis/options.js';
export type { LinkState, RedisLink, ScriptArgument, ScriptReply } from './redis/redis-link.js';
export type { Script } from './redis/script.js';
