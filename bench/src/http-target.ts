import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// The server that both sides probe, in a process of its own: its CPU time counts for neither.
const server = createServer((_request, response) => response.end('ok\n'));
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit(0));
