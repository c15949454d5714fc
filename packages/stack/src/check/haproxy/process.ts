import { haproxyTimeMs } from '../../haproxy/time.js';
import { type Found, proxyCheck } from './proxy-file.js';

const reload = proxyCheck('proxy-reload', 'A reload loses no request, and ends the old workers', (file) => {
  const found: Found[] = [];
  if (file.globalLine === undefined) return found;
  const stop = file.global('hard-stop-after');
  if (stop === undefined) {
    const message =
      'global has no hard-stop-after: each reload leaves a worker that lives as long as its longest WebSocket';
    found.push(file.error(file.globalLine, message, 'write "hard-stop-after 1m", at least the longest request'));
  }
  const grace = file.global('grace');
  if (grace !== undefined) {
    const message = '"grace" keeps the old workers accepting after a reload, beside the new ones';
    found.push(file.error(grace.line, message, 'leave it out; hard-stop-after ends what is left'));
  }
  const processes = file.global('nbproc');
  if (processes !== undefined) {
    const message = '"nbproc" is gone since HAProxy 2.5: tables, queues and limits were counted by each process alone';
    found.push(file.error(processes.line, message, 'leave it out; threads are used by themselves'));
  }
  const spread = file.global('close-spread-time');
  const [within, limit] = [haproxyTimeMs(spread?.words[1]), haproxyTimeMs(stop?.words[1])];
  if (spread !== undefined && within !== undefined && limit !== undefined && within >= limit) {
    const message = `close-spread-time ${spread.words[1]} is not below hard-stop-after ${stop!.words[1]}: connections are cut before it is their turn to close`;
    found.push(file.warning(spread.line, message, `write one below ${stop!.words[1]}`));
  }
  return found;
});

const sockets = proxyCheck('proxy-socket', 'The runtime socket cannot be reached over the network', (file) =>
  file.globals.flatMap(({ words, line }) => {
    if (words[0] !== 'stats' || words[1] !== 'socket') return [];
    const address = words[2] ?? '';
    const network = /^(?:ipv[46]@|\*|:|\[|\d)/.test(address) && !/(?:^|@)(?:127\.|\[?::1\b)/.test(address);
    if (!network) return [];
    const message = `the runtime socket listens on ${address}, without a password: who reaches it can drain every server`;
    return [file.error(line, message, 'write a path, such as "stats socket /var/run/haproxy/admin.sock mode 600"')];
  }),
);

const bothWays = proxyCheck('proxy-mode', 'What only works for HTTP stands in a proxy that speaks it', (file) =>
  file.proxies
    .filter(({ http }) => !http)
    .flatMap((proxy) =>
      proxy.lines
        .filter(({ words }) => words[0] === 'retry-on' || words[0] === 'http-request' || words[0] === 'cookie')
        .map(({ words, line }) =>
          file.warning(line, `"${words[0]}" does nothing in ${proxy.name}, which is in tcp mode`, 'write "mode http"'),
        ),
    ),
);

export const processChecks = [reload, sockets, bothWays];
