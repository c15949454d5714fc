import { posix } from 'node:path';
import { closest } from '../../source/closest.js';
import { serviceCheck } from '../compose/project.js';
import type { ComposeServiceView } from '../compose/service.js';
import { readRedisServer } from './redis-server.js';

/** The scripts that a service mounts, by their path from the Compose file. */
const scriptsOf = ({ mounts }: ComposeServiceView, scripts: ReadonlyMap<string, string>): string[] =>
  [...scripts].flatMap(([path, text]) => {
    const isMounted = mounts.some(({ source }) =>
      `${posix.dirname(path)}/`.startsWith(`${posix.normalize(source ?? '/')}/`),
    );
    return isMounted ? [text] : [];
  });

const user = serviceCheck(
  'compose-redis-user',
  'Who signs in to Redis of the Compose file is a user of its ACL',
  (service, project, { scripts }) => {
    const url = service.variable('REDIS_URL') ?? '';
    const variable = service.variables.find(({ name }) => name === 'REDIS_USERNAME');
    if (variable === undefined || !URL.canParse(url)) return [];
    const [server] = project.named(new URL(url).hostname);
    const users = server === undefined ? [] : scriptsOf(server, scripts).flatMap((text) => readRedisServer(text).users);
    const name = String(variable.value);
    if (users.length === 0 || users.includes(name)) return [];
    const message = `signs in to ${server!.name} as ${name}, whom its ACL does not know: every command is refused`;
    const near = closest(name, users);
    const fix = near === undefined ? `users there are ${users.join(', ')}` : `did you mean ${near}?`;
    return [service.found(variable.path, message, fix)];
  },
);

export const redisComposeChecks = [user];
