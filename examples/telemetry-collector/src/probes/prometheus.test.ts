import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type HttpPool, httpPool } from '@breakwater/resilience/http';
import { VirtualClock } from '@breakwater/resilience/testing';
import { type Fault, faultyServer } from '@breakwater/testbed';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../targets/secret.js';
import { eventually } from './loopback.suite.js';
import { describeProbe, expectWellFormed, type Rig } from './probe.suite.js';
import { PrometheusProbe, type PrometheusProbeOptions } from './prometheus.js';

const scraping = (url: string, options: Partial<PrometheusProbeOptions> = {}): PrometheusProbeOptions => ({
  url,
  headers: {},
  keep: ['*'],
  maxSeries: 10_000,
  maxBodyBytes: 16_777_216,
  ...options,
});

const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

async function listen(serve: (response: ServerResponse) => void): Promise<{ server: Server; url: string }> {
  const server = createServer((_request, response) => serve(response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics` };
}

const against =
  (fault: Fault) =>
  async (clock: VirtualClock): Promise<Rig> => {
    const server = await faultyServer(fault);
    const dispatcher = httpPool();
    return {
      probe: new PrometheusProbe(scraping(server.url), { dispatcher, clock }),
      contacts: () => server.requests,
      open: () => server.open,
      async close() {
        await dispatcher.destroy();
        await server.stop();
      },
    };
  };

describeProbe({
  kind: 'prometheus',
  async healthy(clock) {
    let requests = 0;
    const { server, url } = await listen((response) => {
      requests++;
      response.end('up 1\nnode_load1 0.5\nnode_network_receive_bytes_total{device="lo"} 7\nbroken NaN\n');
    });
    const dispatcher = httpPool();
    return {
      probe: new PrometheusProbe(scraping(url), { dispatcher, clock }),
      contacts: () => requests,
      open: () => 0,
      async close() {
        await dispatcher.destroy();
        server.close();
      },
    };
  },
  hanging: { 'the answer': against('hang') },
});

describe('the Prometheus probe', () => {
  const context = { signal: new AbortController().signal, deadline: Number.POSITIVE_INFINITY, attempt: 1 };
  let dispatcher: HttpPool;
  let server: Server;
  let url: string;
  let serve: (response: ServerResponse) => void;
  const run = (options?: Partial<PrometheusProbeOptions>) =>
    new PrometheusProbe(scraping(url, options), { dispatcher, clock: new VirtualClock() }).operations[0]!.run(context);

  beforeEach(async () => {
    dispatcher = httpPool();
    ({ server, url } = await listen((response) => serve(response)));
  });
  afterEach(async () => {
    await dispatcher.destroy();
    server.closeAllConnections();
    server.close();
  });

  it('keeps the series that are wanted, and says how many there were', async () => {
    const page =
      'node_load1 0.5\nnode_load15 0.1\nnode_network_receive_bytes_total{device="lo"} 7\n' +
      'node_network_transmit_bytes_total{device="lo"} NaN\n';
    serve = (response) => response.end(page);
    expect(await run({ keep: ['node_load1', 'node_network_*_bytes_total'] })).toEqual([
      {
        measurement: 'prometheus_scrape',
        tags: {},
        fields: { duration_ms: 0, body_bytes: page.length, series: 4, series_kept: 2, series_not_finite: 1 },
      },
      { measurement: 'node_load1', tags: {}, fields: { value: 0.5 } },
      { measurement: 'node_network_receive_bytes_total', tags: { device: 'lo' }, fields: { value: 7 } },
    ]);
  });

  it('tells of a page without a single series of interest', async () => {
    serve = (response) => response.end('up 1\n');
    const readings = await run({ keep: ['down'] });
    expectWellFormed(readings);
    expect(readings).toHaveLength(1);
  });

  it('reads characters that arrive in two pieces', async () => {
    const bytes = Buffer.from('up{place="Zürich"} 1\n');
    const cut = bytes.indexOf(0xc3) + 1;
    serve = (response) => {
      response.write(bytes.subarray(0, cut));
      setImmediate(() => response.end(bytes.subarray(cut)));
    };
    expect((await run())[1]).toMatchObject({ tags: { place: 'Zürich' } });
  });

  it('sends its headers', async () => {
    let authorization: string | undefined;
    serve = (response) => {
      authorization = response.req.headers.authorization;
      response.end('up 1\n');
    };
    await run({ headers: { authorization: new Secret('Bearer s3cret') } });
    expect(authorization).toBe('Bearer s3cret');
  });

  it('follows redirects, and does not read their bodies as metrics', async () => {
    serve = (response) => {
      if (response.req.url === '/metrics') response.writeHead(302, { location: '/real' }).end('<html>there</html>');
      else response.end('up 1\n');
    };
    expect(await run()).toHaveLength(2);
  });

  it.each<[string, Partial<PrometheusProbeOptions>, (response: ServerResponse) => void, string, RegExp]>([
    [
      'HTML',
      {},
      (to) => to.end('<html>'),
      'malformed',
      /line 1, column 1: expected a metric name; check that the path/,
    ],
    [
      'an error page',
      {},
      (to) => to.writeHead(404).end('<html>'),
      'unexpected-status',
      /answered 404 instead of a page/,
    ],
    ['nothing new', {}, (to) => to.writeHead(304).end(), 'unexpected-status', /answered 304/],
    ['a character cut off', {}, (to) => to.end(Buffer.from('up 1\n\xc3', 'latin1')), 'malformed', /line 2, column 1/],
    ['too many series', { maxSeries: 1 }, (to) => to.end('a 1\nb 1\n'), 'too-large', /line 2.*raise maxSeries/],
    ['too many bytes', { maxBodyBytes: 5 }, (to) => to.end('up 1\nup 1\n'), 'too-large', /longer than 5 bytes/],
    [
      'half of OpenMetrics',
      {},
      (to) => to.setHeader('content-type', OPEN_METRICS).end('up 1\n'),
      'truncated',
      /lacks the # EOF/,
    ],
  ])('names a page of %s', async (_what, options, answer, code, message) => {
    serve = answer;
    await expect(run(options)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('takes OpenMetrics that is complete', async () => {
    serve = (response) => response.setHeader('content-type', OPEN_METRICS).end('up 1\n# EOF\n');
    expect(await run()).toHaveLength(2);
  });

  it('stops reading at the first line that is wrong', async () => {
    let closed = false;
    serve = (response) => {
      response.on('close', () => {
        closed = !response.writableFinished;
      });
      response.write('<html>\n');
    };
    await expect(run()).rejects.toMatchObject({ code: 'malformed' });
    await eventually(() => closed, 'closing');
  });
});
