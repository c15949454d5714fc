import { expect, it } from 'vitest';
import { judgeAlertmanager } from './alertmanager.js';
import { answer, told } from './pages.suite.js';

const status = (status: string) => answer({ cluster: { status }, versionInfo: { version: '0.27.0' } });

it.each([
  [status('ready'), 'ok alertmanager: 0.27.0, cluster ready'],
  [status('disabled'), 'ok alertmanager: 0.27.0, cluster disabled'],
  [status('settling'), 'warning alertmanager: 0.27.0, cluster settling'],
  [{ status: 410, text: 'removed' }, 'unhealthy alertmanager: http://m answers 410: removed'],
])('judges %o', (reply, line) => {
  expect(told(judgeAlertmanager('http://m', reply))).toEqual([line]);
});
