import { Agent, request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A process that answers one API at once, whatever the token, and forwards other requests (component APIs) to the
 * simulator:
 * only the round trip is measured. It receives the address of the simulator over the IPC channel of Node.
 */
const API = '/cgi-bin/user/info';
const ANSWER = Buffer.from(
  JSON.stringify({
    ...{ subscribe: 1, openid: 'o6_bmjrPTlm6_2sgVt7hMZOPfL2M', language: 'zh_CN', subscribe_time: 1382694957 },
    ...{ unionid: 'o6_bmasdasdsad6_2sgVt7hMZOPfL', remark: '', groupid: 0, tagid_list: [128, 2] },
    ...{ subscribe_scene: 'ADD_SCENE_QR_CODE', qr_scene: 98765, qr_scene_str: '' },
  }),
);
const agent = new Agent({ keepAlive: true });
const { promise: simulator, resolve: toldSimulator } = Promise.withResolvers<string>();

const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  if (!request.url!.startsWith(API)) {
    relay(request, response).catch(() => response.destroy());
    return;
  }
  request.resume().once('end', () => {
    response.writeHead(200, { 'content-type': 'application/json; encoding=utf-8', 'content-length': ANSWER.length });
    response.end(ANSWER);
  });
});

async function relay(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url, headers } = request;
  const upstream = ask(new URL(url!, await simulator), { method, headers, agent }, (answer) => {
    response.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(response);
  });
  upstream.once('error', () => response.destroy());
  request.pipe(upstream);
}

process.on('message', toldSimulator);
process.once('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
