import { expect, it } from 'vitest';
import { planStack } from '../plan/plan.js';
import { prometheusConfig } from '../render/monitoring/prometheus-config.js';
import { parseStack } from './parse.js';

const HEAD = 'apiVersion: breakwater/v1\nkind: Stack\ncollectors: { targetCidrs: [10.0.0.0/8] }\n';
const alertmanager = (text: string) => `${HEAD}monitoring: { alertmanager: { ${text} } }\n`;
const services = (...texts: string[]) => `${HEAD}services: [${texts.join(', ')}]\n`;
const SERVICE = '{ name: pay, scrape: { targets: ["pay:9000"] } }';

it.each([
  [
    'a route to nobody who is there',
    alertmanager('routes: { critical: on-call }'),
    /routes.critical: .*; there are: none/,
  ],
  [
    'mail without a server',
    alertmanager('receivers: [{ name: a, email: { to: a@b } }]'),
    /\[0\].email: .*write .*smtp/,
  ],
  ['a receiver twice', alertmanager('receivers: [{ name: a }, { name: a }]'), /receivers\[1\].name: "a" .*taken/],
  ['a receiver that is always there', alertmanager('receivers: [{ name: nobody }]'), /receivers\[0\].name: .*taken/],
  ['a service twice', services(SERVICE, SERVICE), /services\[1\].name: "pay" .*has that job already/],
  [
    'a URL as a target',
    services('{ name: a, scrape: { targets: ["http://a:1/m"] } }'),
    /targets\[0\]: .*write host:port/,
  ],
  ['a target without port', services('{ name: a, scrape: { targets: [a] } }'), /targets\[0\]: .*write host:port/],
])('refuses %s', (_, text, message) => {
  expect(() => parseStack(text, 'stack.yaml')).toThrow(message);
});

it('refuses a service with the name of any job that is rendered', () => {
  const { stack } = parseStack(HEAD, 'stack.yaml');
  for (const { job_name } of prometheusConfig(planStack(stack)).scrape_configs) {
    const text = services(SERVICE.replace('pay,', `${job_name},`));
    expect(() => parseStack(text, 'stack.yaml'), job_name).toThrow(/has that job already/);
  }
});

it('takes names that lead somewhere, and addresses of every form', () => {
  const text = `${alertmanager('receivers: [{ name: a, webhook: /x }], routes: { info: a }')}services: [{ name: a, scrape: { targets: ["a.b-c:1", "10.0.0.1:80", "[::1]:80"] } }]\n`;
  expect(() => parseStack(text, 'stack.yaml')).not.toThrow();
});
