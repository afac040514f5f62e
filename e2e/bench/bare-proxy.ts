import { Agent, request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A process that does the minimum of a gateway: puts a ready token into the query, asks WeChat, returns the
 * answer. No queue, no record, no key, no log. It receives WeChat's port over the IPC channel of Node.
 */
const TOKEN = 'a-token-that-was-cached';
const agent = new Agent({ keepAlive: true });
const { promise: wechat, resolve: toldWechat } = Promise.withResolvers<number>();

const server = createServer({ keepAliveTimeout: 600_000 }, async (request, response) => {
  const [path, search] = request.url!.split('?');
  const query = new URLSearchParams(search);
  query.set('access_token', TOKEN);
  const upstream = ask(
    { port: await wechat, host: '127.0.0.1', path: `${path}?${query}`, method: request.method!, agent },
    (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    },
  );
  upstream.once('error', () => response.destroy());
  request.pipe(upstream);
});

process.on('message', toldWechat);
process.once('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
