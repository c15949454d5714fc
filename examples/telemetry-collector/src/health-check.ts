#!/usr/bin/env node
import { get } from 'node:http';

// What a container's health check runs: 0 when the collector of this environment is ready, else 1 and the reason.
const { PORT, HOST } = process.env;
const anywhere = new Set([undefined, '', '0.0.0.0', '::']);
const host = anywhere.has(HOST) ? '127.0.0.1' : HOST;

const say = (text: string): boolean => process.stdout.write(`${text.slice(0, 500)}\n`);

function fail(reason: string): never {
  say(reason);
  process.exit(1);
}

const request = get({ host, port: PORT || 8080, path: '/health/ready', timeout: 4_000 }, (response) => {
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  response.on('end', () => (response.statusCode === 200 ? say('ready') : fail(`${response.statusCode}: ${text}`)));
});
request.on('timeout', () => fail('no answer within 4 s'));
request.on('error', ({ message }) => fail(message));
