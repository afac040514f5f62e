import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type BodySender, bodyBudget } from '../src/http/body-budget.ts';
import { ACCOUNT, COMPONENT, type FakePlatform, fakePlatform } from './fake-platform.ts';
import { API_KEY, type OpenedGateway, openGateway } from './open-gateway.ts';

const SHARES = { 'key-holder': 96 * 1024 * 1024, stranger: 32 * 1024 * 1024 } satisfies Record<BodySender, number>;

interface Door {
  readonly sender: BodySender;
  /** The request line and all headers that do not concern the body. */
  head(gateway: OpenedGateway): Promise<string>;
  /** Wraps text of any length so that this door accepts it. */
  body(text: string): string;
  readonly refused: RegExp;
  readonly overloaded: RegExp;
}

const doors: Record<string, Door> = {
  'a push': {
    sender: 'stranger',
    head: async () =>
      `POST /wechat/${COMPONENT}/events?timestamp=1&nonce=2&msg_signature=${'0'.repeat(40)} HTTP/1.1\r\nHost: x\r\n`,
    body: (text) => text,
    refused: /^HTTP\/1\.1 400 [\s\S]*in too small chunks/,
    overloaded: /^HTTP\/1\.1 503 [\s\S]*retry-after: 1\r\n/,
  },
  'a call of /v1': {
    sender: 'key-holder',
    head: async () =>
      `POST /v1/authorizers/${ACCOUNT}/calls HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${API_KEY}\r\n` +
      'Content-Type: application/json\r\n',
    body: (text) => JSON.stringify({ method: 'POST', path: '/cgi-bin/user/get', body: { text } }),
    refused: /^HTTP\/1\.1 400 [\s\S]*"code":"invalid_request"/,
    overloaded: /^HTTP\/1\.1 503 [\s\S]*"code":"overloaded"/,
  },
  'a call of the virtual WeChat': {
    sender: 'key-holder',
    async head(gateway) {
      const query = `grant_type=client_credential&appid=${ACCOUNT}&secret=${API_KEY}`;
      const answer = await fetch(`${gateway.url}/cgi-bin/token?${query}`);
      const { access_token } = (await answer.json()) as { access_token: string };
      return `POST /cgi-bin/message/custom/send?access_token=${access_token} HTTP/1.1\r\nHost: x\r\n`;
    },
    body: (text) => JSON.stringify({ text }),
    refused: /^HTTP\/1\.1 200 [\s\S]*"errcode":40066,"errmsg":"refused: The body arrives in too small chunks/,
    overloaded: /^HTTP\/1\.1 200 [\s\S]*"errcode":-1,/,
  },
};
const each = test.each(Object.entries(doors));

const open: Socket[] = [];
// The time limits of a body have tests of their own; here they must not end what a busy machine reads slowly.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(async () => {
  vi.useRealTimers();
  for (const socket of open.splice(0)) socket.destroy();
  // Whatever the outcome of the requests, nothing of the budget is lost.
  for (const sender of ['key-holder', 'stranger'] as const) {
    await expect.poll(() => hasRoom(sender, SHARES[sender])).toBe(true);
  }
});

function hasRoom(sender: BodySender, bytes: number): boolean {
  const taken = bodyBudget.take(sender, bytes);
  if (taken) bodyBudget.release(sender, bytes);
  return taken;
}

/** What the server answers until it closes the connection. */
async function answerOf(socket: Socket): Promise<string> {
  let answer = '';
  for await (const piece of socket) answer += String(piece);
  return answer;
}

function send(gateway: OpenedGateway, text: string): Socket {
  const socket = connect(gateway.port, '127.0.0.1');
  socket.on('error', () => {});
  open.push(socket);
  socket.write(text);
  return socket;
}

function chunked(text: string, size: number): string {
  const chunks: string[] = [];
  for (let at = 0; at < text.length; at += size) {
    const chunk = text.slice(at, at + size);
    chunks.push(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  }
  return chunks.join('');
}

each('%s in chunks of one to three bytes is refused, and its connection is closed', async (_name, door) => {
  const gateway = await openGateway(fakePlatform());
  for (const size of [1, 2, 3]) {
    const head = `${await door.head(gateway)}Transfer-Encoding: chunked\r\n\r\n`;
    // One more than is free of charge, and no end: only a refusal on the way can end this.
    const chunks = Math.floor(1_000 / (1 - size / 4)) + 1;
    expect(await answerOf(send(gateway, head + chunked('x'.repeat(chunks * size), size)))).toMatch(door.refused);
  }
});

each('%s of a megabyte in chunks of sixteen bytes is refused on the way', async (_name, door) => {
  const gateway = await openGateway(fakePlatform());
  const head = `${await door.head(gateway)}Transfer-Encoding: chunked\r\n\r\n`;
  // 1,000 chunks are free, 64 KB may come in 4 bytes each, and the rest needs 64.
  const chunks = Math.floor((1_000 + 65_536 / 4 - 65_536 / 64) / (1 - 16 / 64)) + 1;
  const socket = send(gateway, head);
  const answer = answerOf(socket);
  socket.write(chunked('x'.repeat(chunks * 16), 16));
  expect(await answer).toMatch(door.refused);
});

each('%s in chunks of four bytes, or a small one in chunks of one, is taken', async (_name, door) => {
  const gateway = await openGateway(fakePlatform());
  for (const [length, size] of [
    [20_000, 4],
    [500, 1],
  ] as const) {
    const head = `${await door.head(gateway)}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n`;
    const socket = send(gateway, `${head}${chunked(door.body('x'.repeat(length)), size)}0\r\n\r\n`);
    expect(await answerOf(socket)).toMatch(/^HTTP\/1\.1 200 /);
  }
});

test('a body arrives as it was sent, whatever its pieces', async () => {
  const platform = fakePlatform();
  const bodies: string[] = [];
  platform.pushes.accept = ({ body }) => {
    bodies.push(body.toString());
    return Promise.resolve({ outcome: 'accepted' });
  };
  const gateway = await openGateway(platform);
  const text = Array.from({ length: 10_000 }, (_, i) => String(i)).join(' ');
  for (const size of [5, 17, 1_000, 1_000_000]) {
    const head = `${await doors['a push']!.head(gateway)}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n`;
    await answerOf(send(gateway, `${head}${chunked(text, size)}0\r\n\r\n`));
  }
  expect(bodies).toEqual([text, text, text, text]);
});

each('%s is refused as overloaded while this process reads too much, and taken afterwards', async (_name, door) => {
  const gateway = await openGateway(fakePlatform());
  const body = door.body('x'.repeat(1_000));
  const request = `${await door.head(gateway)}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
  const taken = SHARES[door.sender] - 500;
  expect(bodyBudget.take(door.sender, taken)).toBe(true);
  try {
    expect(await answerOf(send(gateway, request))).toMatch(door.overloaded);
    const other = Object.values(doors).find(({ sender }) => sender !== door.sender)!;
    const others = other.body('x'.repeat(1_000));
    const head = `${await other.head(gateway)}Content-Length: ${others.length}\r\nConnection: close\r\n\r\n`;
    expect(await answerOf(send(gateway, head + others))).toMatch(/^HTTP\/1\.1 200 /);
  } finally {
    bodyBudget.release(door.sender, taken);
  }
  expect(await answerOf(send(gateway, request))).toMatch(/^HTTP\/1\.1 200 /);
});

test('slow large bodies that use up the strangers’ share give way to a push', async () => {
  const gateway = await openGateway(fakePlatform());
  const head = await doors['a push']!.head(gateway);
  const size = 1024 * 1024;
  const others = SHARES.stranger - (size - 1);
  expect(bodyBudget.take('stranger', others)).toBe(true);
  try {
    const slow = send(gateway, `${head}Content-Length: ${size}\r\n\r\n${'x'.repeat(size - 1)}`);
    await expect.poll(() => hasRoom('stranger', 1)).toBe(false);
    const push = send(gateway, `${head}Content-Length: 5\r\nConnection: close\r\n\r\nhello`);
    expect(await answerOf(push)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await answerOf(slow)).toMatch(doors['a push']!.overloaded);
  } finally {
    bodyBudget.release('stranger', others);
  }
});

each('%s whose caller hangs up inside a chunk is no error of ours', async (_name, door) => {
  const platform: FakePlatform = fakePlatform();
  platform.pushes.accept = () => Promise.reject(new Error('must not be asked'));
  platform.calls.submit = () => Promise.reject(new Error('must not be asked'));
  const gateway = await openGateway(platform);
  for (const hangUp of [(socket: Socket) => socket.end(), (socket: Socket) => socket.resetAndDestroy()]) {
    const head = `${await door.head(gateway)}Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n`;
    const socket = send(gateway, `${head}400\r\n{"a`);
    // Now the request is being handled.
    await once(socket, 'data');
    const before = gateway.log.length;
    hangUp(socket);
    await expect.poll(() => gateway.log.length).toBeGreaterThan(before);
  }
  expect(gateway.log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
});
