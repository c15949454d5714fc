import { type ChildProcess, spawn } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import snmp from 'net-snmp';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { faultyServer } from './faulty/tcp.js';
import { ask } from './process/ask.js';
import type { RunningServer } from './server.js';
import type { SnmpUser } from './servers/snmpd.js';
import { startServer } from './start.js';

/** Whether the process runs: one that is dead and not yet collected by its parent (state Z) does not. */
function alive(pid: number): boolean {
  const status = `/proc/${pid}/status`;
  return existsSync(status) && !/^State:\s+Z/m.test(readFileSync(status, 'utf8'));
}

async function text(url: string): Promise<string> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  return response.text();
}

/** Every server must pass this after its own questions were answered. */
async function stopsCleanly(server: RunningServer): Promise<void> {
  expect(alive(server.pid)).toBe(true);
  await server.stop();
  expect(alive(server.pid)).toBe(false);
  expect(existsSync(server.dir)).toBe(false);
  await server.stop();
}

describe('redis', () => {
  it('answers PING and stops', async () => {
    const server = await startServer('redis');
    expect(await ask(server.port, 'PING\r\n')).toBe('+PONG\r\n');
    expect(server.url).toBe(`redis://127.0.0.1:${server.port}`);
    await stopsCleanly(server);
  });

  it('keeps what it said it kept through a crash, when durable', async () => {
    await using server = await startServer('redis', { durable: true });
    const { port, pid } = server;
    expect(await ask(port, 'SET lighthouse lit\r\n')).toBe('+OK\r\n');
    server.signal('SIGKILL');
    await server.restart();
    expect(server.port).toBe(port);
    expect(server.pid).not.toBe(pid);
    expect(await ask(port, 'GET lighthouse\r\n')).toBe('$3\r\nlit\r\n');
  });

  it('stops also when it is paused and cannot hear SIGTERM', async () => {
    const server = await startServer('redis');
    server.signal('SIGSTOP');
    await stopsCleanly(server);
  });
});

describe('haproxy', () => {
  it('balances, shows its statistics and exports them', async () => {
    await using origin = await faultyServer('none');
    const server = await startServer('haproxy', { backends: [origin.port] });
    expect(await text(server.url)).toBe('ok\n');
    expect(origin.requests).toBe(1);
    expect(await text(`${server.statsUrl};csv`)).toMatch(/^servers,server-1,/m);
    expect(await text(server.metricsUrl)).toMatch(/^haproxy_frontend_http_requests_total\{proxy="front"\} 1$/m);
    const socket = connect(server.socket).end('show info\n');
    const [info] = await Promise.all([socket.setEncoding('utf8').reduce((all, piece) => all + piece, '')]);
    expect(info).toContain(`Pid: ${server.pid}`);
    await stopsCleanly(server);
  });

  it('answers 503 where it has no server to ask', async () => {
    await using server = await startServer('haproxy');
    expect((await fetch(server.url)).status).toBe(503);
  });
});

describe('influxdb', () => {
  it('takes writes, answers queries and stops', async () => {
    const server = await startServer('influxdb');
    const write = await fetch(`${server.url}/write?db=${server.database}`, {
      method: 'POST',
      body: 'tide,harbour=north level=2.5 1700000000000000000',
    });
    expect(write.status).toBe(204);
    const query = new URLSearchParams({ db: server.database, q: 'SELECT level FROM tide' });
    const answer = JSON.parse(await text(`${server.url}/query?${query}`));
    expect(answer.results[0].series[0].values).toEqual([['2023-11-14T22:13:20Z', 2.5]]);
    await stopsCleanly(server);
  });

  it('answers a real 503 when more write at once than it takes', async () => {
    await using server = await startServer('influxdb', { database: 'busy', concurrentWrites: 1 });
    const lines = Array.from({ length: 40_000 }, (_, i) => `load,series=s${i} value=${i} 1700000000000000000`).join(
      '\n',
    );
    const write = () => fetch(`${server.url}/write?db=busy`, { method: 'POST', body: lines });
    const statuses = await Promise.all(Array.from({ length: 8 }, async () => (await write()).status));
    expect(statuses).toContain(204);
    expect(statuses).toContain(503);
  });
});

describe('influxdb with a password', () => {
  it('asks for it, also when it was started again', async () => {
    await using server = await startServer('influxdb', { auth: { user: 'keeper', password: 'lamp' } });
    const authorization = `Basic ${Buffer.from('keeper:lamp').toString('base64')}`;
    const write = async (headers = {}) =>
      (await fetch(`${server.url}/write?db=telemetry`, { method: 'POST', body: 'tide level=1 1', headers })).status;
    expect(await write()).toBe(401);
    expect(await write({ authorization })).toBe(204);
    await server.restart();
    expect(await write({ authorization })).toBe(204);
  });
});

describe('victoria-metrics', () => {
  const line = 'tide,harbour=north level=2.5 1700000000000000000';
  const write = (url: string, headers = {}) => fetch(`${url}/write`, { method: 'POST', body: line, headers });

  it('takes writes, shows them once flushed, and stops', async () => {
    const server = await startServer('victoria-metrics');
    expect((await write(server.url)).status).toBe(204);
    await server.flush();
    const query = new URLSearchParams({ 'match[]': 'tide_level' });
    await expect
      .poll(() => text(`${server.url}/api/v1/export?${query}`))
      .toContain('"values":[2.5],"timestamps":[1700000000000]');
    await stopsCleanly(server);
  });

  it('asks for a password where one is set', async () => {
    await using server = await startServer('victoria-metrics', { auth: { user: 'keeper', password: 'lamp' } });
    expect((await write(server.url)).status).toBe(401);
    const authorization = `Basic ${Buffer.from('keeper:lamp').toString('base64')}`;
    expect((await write(server.url, { authorization })).status).toBe(204);
    await server.flush();
  });
});

describe('node-exporter', () => {
  it('exports this machine and stops', async () => {
    const server = await startServer('node-exporter');
    expect(await text(server.metricsUrl)).toMatch(/^node_load1 [\d.]+$/m);
    await stopsCleanly(server);
  });

  it('runs only the collectors that were asked for', async () => {
    await using server = await startServer('node-exporter', { collectors: ['loadavg'] });
    const page = await text(server.metricsUrl);
    expect(page).toMatch(/^node_load1 /m);
    expect(page).not.toMatch(/^node_cpu_seconds_total/m);
  });
});

describe('blackbox-exporter', () => {
  it('probes what it is told, over HTTP and TCP, and stops', async () => {
    await using origin = await faultyServer('none');
    const server = await startServer('blackbox-exporter');
    expect(await text(server.probeUrl(origin.url))).toMatch(/^probe_success 1$/m);
    expect(await text(server.probeUrl(`127.0.0.1:${origin.port}`, 'tcp'))).toMatch(/^probe_success 1$/m);
    origin.fault = 'reset';
    expect(await text(server.probeUrl(origin.url))).toMatch(/^probe_success 0$/m);
    await stopsCleanly(server);
  });
});

describe('dnsmasq', () => {
  it('answers its records and nothing else, and stops', async () => {
    const server = await startServer('dnsmasq', {
      records: [
        { type: 'A', name: 'buoy.test', address: '192.0.2.20' },
        { type: 'SRV', name: '_snmp._udp.buoy.test', target: 'buoy.test', port: 161 },
      ],
    });
    const resolver = new Resolver({ timeout: 20_000, tries: 1 });
    resolver.setServers([server.server]);
    expect(await resolver.resolve4('example.test', { ttl: true })).toEqual([{ address: '192.0.2.10', ttl: 60 }]);
    expect(await resolver.resolve6('example.test')).toEqual(['2001:db8::10']);
    expect(await resolver.resolveCname('www.example.test')).toEqual(['example.test']);
    expect(await resolver.resolve4('www.example.test')).toEqual(['192.0.2.10']);
    expect(await resolver.resolveTxt('example.test')).toEqual([['a name for tests']]);
    expect(await resolver.resolveMx('example.test')).toEqual([{ exchange: 'mail.example.test', priority: 10 }]);
    expect(await resolver.resolve4('buoy.test')).toEqual(['192.0.2.20']);
    expect(await resolver.resolveSrv('_snmp._udp.buoy.test')).toMatchObject([{ name: 'buoy.test', port: 161 }]);
    await expect(resolver.resolve4('nowhere.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(resolver.resolve4('example.com')).rejects.toMatchObject({ code: 'EREFUSED' });
    await stopsCleanly(server);
  });
});

describe('snmpd', () => {
  const SYS_NAME = '1.3.6.1.2.1.1.5.0';
  const protocols = { sha: snmp.AuthProtocols.sha, sha256: snmp.AuthProtocols.sha256 };

  function sysName(session: snmp.Session): Promise<string> {
    return new Promise<string>((resolve, reject) => {
      session.get([SYS_NAME], (error, varbinds) => {
        if (error === null) resolve(String(varbinds![0]!.value));
        else reject(error);
      });
    }).finally(() => session.close());
  }

  const v3 = (port: number, user: SnmpUser, authKey = user.auth.key) =>
    snmp.createV3Session(
      '127.0.0.1',
      {
        name: user.name,
        level: snmp.SecurityLevel.authPriv,
        authProtocol: protocols[user.auth.protocol],
        authKey,
        privProtocol: snmp.PrivProtocols.aes,
        privKey: user.priv.key,
      },
      { port, retries: 0, timeout: 20_000 },
    );

  it('answers v2c and v3 authPriv with SHA-256 and SHA, and stops', async () => {
    const server = await startServer('snmpd', { system: { name: 'core-sw1' } });
    const { port, community, users } = server;
    const options = { port, version: snmp.Version2c, retries: 0, timeout: 20_000 };
    expect(await sysName(snmp.createSession('127.0.0.1', community, options))).toBe('core-sw1');
    expect(users.map((user) => user.auth.protocol)).toEqual(['sha256', 'sha']);
    for (const user of users) expect(await sysName(v3(port, user))).toBe('core-sw1');
    await expect(sysName(v3(port, users[0]!, 'not-the-right-key'))).rejects.toThrow();
    await stopsCleanly(server);
  });
});

describe('startServer', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('refuses where the run was told to do without servers', async () => {
    vi.stubEnv('BREAKWATER_SERVERS', 'none');
    await expect(startServer('redis')).rejects.toThrow('BREAKWATER_SERVERS=none');
  });

  it('shows what a server printed when it does not start', async () => {
    await expect(startServer('haproxy', { backends: [99_999] })).rejects.toThrow(
      /haproxy did not start: it ended with exit code 1\n[\s\S]*99999/,
    );
  });

  it('starts several of one kind side by side', async () => {
    const servers = await Promise.all([startServer('redis'), startServer('redis'), startServer('redis')]);
    expect(new Set(servers.map((server) => server.port)).size).toBe(3);
    expect(servers.every((server) => alive(server.pid))).toBe(true);
    await Promise.all(servers.map((server) => server.stop()));
  });
});

describe('a process that started a server', () => {
  // The child says the server's process id, then does what the test wants.
  const program = (ending: string) => `
    import { startServer } from ${JSON.stringify(new URL('./start.ts', import.meta.url).pathname)};
    const server = await startServer('redis');
    process.stdout.write(server.pid + '\\n');
    ${ending}
  `;

  async function serverOf(ending: string): Promise<{ parent: ChildProcess; pid: number }> {
    const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program(ending)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout!, 'data')) as [Buffer];
    return { parent, pid: Number(line) };
  }

  it('takes it along when it exits', async () => {
    const { pid } = await serverOf('process.exit(3)');
    await expect.poll(() => alive(pid)).toBe(false);
  });

  it('takes it along when it is killed', async () => {
    const { parent, pid } = await serverOf('');
    expect(alive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => alive(pid)).toBe(false);
  });
});
