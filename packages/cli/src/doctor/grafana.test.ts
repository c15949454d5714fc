import { expect, it } from 'vitest';
import { judgeGrafana } from './grafana.js';
import { answer, told } from './pages.suite.js';

it.each([
  [answer({ database: 'ok', version: '11.6.0' }), 'ok grafana: 11.6.0 with its database'],
  [answer({ database: 'failing' }), 'unhealthy grafana: its database: failing'],
  [answer({ version: '1' }), 'unhealthy grafana: http://g answers something else: {"version":"1"}'],
  [{ status: 503, text: 'No server' }, 'unhealthy grafana: http://g answers 503: No server'],
])('judges %o', (reply, line) => {
  expect(told(judgeGrafana('http://g', reply))).toEqual([line]);
});
