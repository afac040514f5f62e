import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const ANSWER_AFTER_MS = 5;

/** An endpoint of the business that answers every delivery after the same time (`BareServer`). */
const server = createServer((request, response) => {
  request.resume().once('end', () => {
    setTimeout(() => response.writeHead(204).end(), ANSWER_AFTER_MS);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
