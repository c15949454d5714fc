import { describe, expect, it } from 'vitest';
import { composeServices } from '../compose-file.js';
import { Container } from '../container.js';

const FILE = `
services:
  redis:
    command: [sh, /etc/redis/start.sh]
    environment: { PASSWORD: "\${REDIS_PASSWORD:?is not set}", COST: "$$5", PORT: 6379 }
    volumes: ["./deploy/redis:/etc/redis:ro", "redis-data:/data"]
    tmpfs: ["/run/redis:uid=999,mode=0700"]
    networks: { back: { aliases: [cache] } }
    healthcheck: { test: [CMD-SHELL, redis-cli ping] }
  prometheus:
    command: [--config.file=/etc/prometheus/prometheus.yml, --storage.tsdb.path=/prometheus, --web.listen-address=:9090]
    volumes: ["./prometheus:/etc/prometheus:ro", "prometheus-data:/prometheus"]
    networks: { back: {} }
    healthcheck: { test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1:9090/-/ready"] }
`;
const services = composeServices(FILE, { REDIS_PASSWORD: 'p$s' });
const [redis, prometheus] = services.map((service) => new Container(service, '127.9.0.1', '/s'));

describe('a service of the Compose file', () => {
  it('has its environment filled with secrets, and its aliases', () => {
    expect(services[0]).toMatchObject({
      name: 'redis',
      environment: { PASSWORD: 'p$s', COST: '$5', PORT: '6379' },
      aliases: ['cache'],
      healthUrl: undefined,
    });
    expect(services[1]!.healthUrl?.pathname).toBe('/-/ready');
  });

  it('may ask for the secrets of the stack alone', () => {
    expect(() => composeServices(FILE, {})).toThrow('REDIS_PASSWORD:?is not set}, which is no secret of the stack');
  });
});

describe('a container as a process', () => {
  it('has folders for its mounts', () => {
    expect(redis!.folders).toEqual(['/s/deploy/redis', '/s/volumes/redis-data', '/s/tmpfs/redis/run/redis']);
    expect(redis!.command).toEqual(['sh', '/s/deploy/redis/start.sh']);
    expect(redis!.here('cat > /run/redis/users.acl; ls /data /database /run/redis-x')).toBe(
      'cat > /s/tmpfs/redis/run/redis/users.acl; ls /s/volumes/redis-data /database /run/redis-x',
    );
  });

  it('listens on its own address, and tells a path from the end of a longer one', () => {
    expect(prometheus!.command).toEqual([
      '--config.file=/s/prometheus/prometheus.yml',
      '--storage.tsdb.path=/s/volumes/prometheus-data',
      '--web.listen-address=127.9.0.1:9090',
    ]);
  });
});
