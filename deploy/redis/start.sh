# Rendered by `breakwater generate` from breakwater.stack.yaml; change that file, not this one.
set -eu
umask 077
hash() { printf %s "$1" | sha256sum | cut -d ' ' -f 1; }
cat > /run/redis/users.acl <<END
user default on nopass resetkeys resetchannels -@all +ping
user telemetry on #$(hash "$REDIS_PASSWORD") resetkeys ~breakwater:{telemetry}:* resetchannels &breakwater:{telemetry}:* &b_breakwater:{telemetry}:* -@all +eval +evalsha +subscribe +unsubscribe +publish +@hash +@sortedset +type +del +pexpire +time +exists +rename +info +ping +role +select +client|setname
user exporter on #$(hash "$REDIS_EXPORTER_PASSWORD") resetkeys resetchannels -@all +ping +info +select +client|setname +config|get +slowlog|get +slowlog|len +latency|latest +latency|histogram
END
# Protected mode would refuse whoever is not on this machine, as the default user has no password; its rights are what protects.
exec redis-server --protected-mode no --port 6379 --aclfile /run/redis/users.acl --maxmemory 268435456 --maxmemory-policy noeviction --save "" --appendonly no "$@"
