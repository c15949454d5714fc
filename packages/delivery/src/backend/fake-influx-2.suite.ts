import { json, plain, type Reply, ScriptedServer, type SeenRequest } from './scripted-server.suite.js';

const HEADERS = { 'x-influxdb-build': 'OSS', 'x-influxdb-version': 'v2.7.11' };

/** What is kept through a restart. */
export interface FakeInflux2Data {
  readonly token: string;
  readonly org: string;
  /** Lines by bucket. */
  readonly buckets: Map<string, string[]>;
}

/**
 * Answers as InfluxDB 2.7 does, as read in its source: 400 and nothing stored where a line cannot be parsed, 422 where the
 * type of a field clashes. A line with `bad` in it cannot be parsed; one with `clash` clashes.
 */
export function fakeInflux2(data: FakeInflux2Data, port = 0): Promise<ScriptedServer> {
  const startedAt = Date.now() / 1000;
  let asked = 0;
  return ScriptedServer.start((request) => {
    const { status, headers, body } = answer(request, data, () => {
      return `process_cpu_seconds_total ${(asked++ / 100).toFixed(2)}\nprocess_start_time_seconds ${startedAt.toExponential()}\n`;
    });
    return { status, headers: { ...HEADERS, ...headers }, ...(body === undefined ? {} : { body }) };
  }, port);
}

function answer(request: SeenRequest, { token, org, buckets }: FakeInflux2Data, metrics: () => string): Reply {
  const { path, query, headers } = request;
  if (path === '/ping') return { status: 204 };
  if (path === '/metrics') return plain(200, metrics());
  if (path !== '/api/v2/write') return json(404, { code: 'not found', message: 'path not found' });
  if (headers.authorization !== `Token ${token}`) {
    return json(401, { code: 'unauthorized', message: 'unauthorized access' });
  }
  const given = query.get('org');
  if (given === null) return json(400, { code: 'invalid', message: 'please provide either orgID or org' });
  if (given !== org) return json(404, { code: 'not found', message: `organization name "${given}" not found` });
  const bucket = query.get('bucket') ?? '';
  const stored = buckets.get(bucket);
  if (stored === undefined) return json(404, { code: 'not found', message: `bucket "${bucket}" not found` });
  return store(request, stored);
}

function store({ body, query }: SeenRequest, stored: string[]): Reply {
  if (query.has('precision')) return json(400, { code: 'invalid', message: 'no precision is ever sent' });
  const lines = body.split('\n').filter((line) => line !== '');
  const bad = lines.find((line) => line.includes('bad'));
  if (bad !== undefined) return json(400, { code: 'invalid', message: `unable to parse '${bad}': invalid number` });
  const fine = lines.filter((line) => !line.includes('clash'));
  stored.push(...fine);
  if (fine.length === lines.length) return { status: 204 };
  const message = `failure writing points to database: partial write: field type conflict dropped=${lines.length - fine.length}`;
  return json(422, { code: 'unprocessable entity', message });
}
