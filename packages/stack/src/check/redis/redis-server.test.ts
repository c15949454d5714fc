import { expect, it } from 'vitest';
import { readRedisServer } from './redis-server.js';

it.each([
  ['user a on #1\nuser b off\n  user c resetkeys on', { users: ['a', 'c'], maxMemory: undefined }],
  ['exec redis-server --maxmemory 268435456 --maxmemory-policy noeviction', { users: [], maxMemory: 268_435_456 }],
  ['maxmemory-policy noeviction\nmaxmemory 256mb\n', { users: [], maxMemory: 256 * 1024 ** 2 }],
  ['maxmemory 1g', { users: [], maxMemory: 1e9 }],
  ['# maxmemory 1g\n# user a on', { users: [], maxMemory: undefined }],
])('reads %j', (text, server) => {
  expect(readRedisServer(text)).toEqual(server);
});
