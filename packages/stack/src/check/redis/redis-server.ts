/** What a script or a configuration of Redis says of it. */
export interface RedisServer {
  /** Who may sign in. */
  readonly users: readonly string[];
  readonly maxMemory: number | undefined;
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1000,
  kb: 1024,
  m: 1e6,
  mb: 1024 ** 2,
  g: 1e9,
  gb: 1024 ** 3,
};

/** Lines `user name on …` of an ACL, and `maxmemory` as an option or a setting: https://redis.io/docs/latest/operate/oss_and_stack/management/config/ */
export function readRedisServer(text: string): RedisServer {
  const users = [...text.matchAll(/^\s*user\s+(\S+)\s+(.*)$/gm)].flatMap(([, name, rules]) =>
    /(?:^|\s)on(?:\s|$)/.test(rules!) ? [name!] : [],
  );
  const [, count, unit = ''] = /(?:--|^\s*)maxmemory[ =]+(\d+)([kmg]b?)?\b/im.exec(text) ?? [];
  return { users, maxMemory: count === undefined ? undefined : Number(count) * UNITS[unit.toLowerCase()]! };
}
