import { type BackendRig, backendContract } from './backend.suite.js';
import { fakeInflux2 } from './fake-influx-2.suite.js';

backendContract('a backend that is InfluxDB 2.7', async (): Promise<BackendRig> => {
  const data = { token: 'T0ken-of-the-lighthouse==', org: 'coast', buckets: new Map<string, string[]>() };
  const buckets = ['one', 'two'] as const;
  for (const bucket of buckets) data.buckets.set(bucket, []);
  let server = await fakeInflux2(data);
  const { port, url } = server;
  return {
    dialect: 'influxdb-2',
    url,
    token: data.token,
    org: data.org,
    buckets,
    badLines: 'none-stored',
    async count(measurement, bucket) {
      return data.buckets.get(bucket)!.filter((line) => line.startsWith(`${measurement},`)).length;
    },
    crash: async () => await server[Symbol.asyncDispose](),
    async restart() {
      server = await fakeInflux2(data, port);
    },
    stop: async () => await server[Symbol.asyncDispose](),
  };
});
