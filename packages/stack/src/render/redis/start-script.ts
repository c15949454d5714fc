import { REDIS_USER } from '../../plan/collector-environment.js';
import type { Plan } from '../../plan/plan.js';

/** The user that redis_exporter is. */
export const REDIS_EXPORTER_USER = 'exporter';

/**
 * What starts Redis: users are written when it starts, with the hashes of passwords that come from the environment, so
 * that neither a file of ours nor a command line has one. Whoever has no password may ask whether it is there.
 * The rights of collectors are those of docs/fleet.md; those of the exporter, what it asks for an INFO page.
 */
export function redisStartScript({ stack }: Plan): string {
  const own = `breakwater:{${stack.name}}:*`;
  const collectors = [
    `resetkeys ~${own} resetchannels &${own} &b_${own}`,
    '-@all +eval +evalsha +subscribe +unsubscribe +publish +@hash +@sortedset +type +del +pexpire +time +exists +rename',
    '+info +ping +role +select +client|setname',
  ].join(' ');
  const exporter =
    'resetkeys resetchannels -@all +ping +info +select +client|setname +config|get +slowlog|get +slowlog|len +latency|latest +latency|histogram';
  return `set -eu
umask 077
hash() { printf %s "$1" | sha256sum | cut -d ' ' -f 1; }
cat > /run/redis/users.acl <<END
user default on nopass resetkeys resetchannels -@all +ping
user ${REDIS_USER} on #$(hash "$REDIS_PASSWORD") ${collectors}
user ${REDIS_EXPORTER_USER} on #$(hash "$REDIS_EXPORTER_PASSWORD") ${exporter}
END
# Protected mode would refuse whoever is not on this machine, as the default user has no password; its rights are what protects.
exec redis-server --protected-mode no --port ${stack.redis.port} --aclfile /run/redis/users.acl --maxmemory ${stack.redis.maxMemory} --maxmemory-policy noeviction --save "" --appendonly no "$@"
`;
}
