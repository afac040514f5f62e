import { connect } from 'node:net';
import { EnvelopeFailure, Failure } from '@wxthirdparty/wechat';
import { expect, test } from 'vitest';
import { ANSWER_TIMEOUT_MS, BODY_TIMEOUT_MS } from '../src/push/push-route.ts';
import { COMPONENT, fakePlatform } from './fake-platform.ts';
import { openGateway } from './open-gateway.ts';

const query = `timestamp=1&nonce=2&msg_signature=${'0'.repeat(40)}`;
const events = `/wechat/${COMPONENT}/events?${query}`;

test('a push arrives as raw bytes, with its query, and is answered with seven bytes', async () => {
  const platform = fakePlatform();
  const pushes: unknown[] = [];
  platform.pushes.accept = (push) => {
    pushes.push(push);
    return Promise.resolve({ outcome: 'accepted' });
  };
  const gateway = await openGateway(platform);
  const body = Buffer.from([0xff, 0x00, 0x3c]);
  // A content type that a body parser would act on.
  const response = await fetch(
    `${gateway.url}/wechat/${COMPONENT}/messages/a1?openid=o&openid=p&${query}&nonce2=%20x`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    },
  );
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/plain');
  expect(Buffer.from(await response.arrayBuffer()).toString('latin1')).toBe('success');
  const msg_signature = '0'.repeat(40);
  const read = { openid: ['o', 'p'], timestamp: '1', nonce: '2', msg_signature, nonce2: ' x' };
  expect(pushes).toEqual([
    { component: COMPONENT, url: 'messages', appid: 'a1', query: read, body, startedAt: expect.any(Number) },
  ]);
  const line = await gateway.logged('push accepted');
  expect(line).toMatchObject({ component: COMPONENT, url: 'messages', appid: 'a1', outcome: 'accepted' });
  expect(line.durationMs).toEqual(expect.any(Number));
});

test.each([
  ['a wrong signature', new EnvelopeFailure(-40001), 403],
  ['another component', new EnvelopeFailure(-40005), 400],
  ['no envelope', new EnvelopeFailure(-40002), 400],
  ['an unknown component', new Failure('unknown_component', 'fix-request', 'no'), 404],
  ['Redis down', new Error('connection lost'), 503],
  ['Redis down, as a Failure', new Failure('redis_down', 'retry', 'no'), 503],
])('%s', async (_name, error, status) => {
  const platform = fakePlatform();
  platform.pushes.accept = () => Promise.reject(error);
  const gateway = await openGateway(platform);
  const response = await fetch(gateway.url + events, { method: 'POST', body: '<xml>TOP-SECRET</xml>' });
  expect(response.status).toBe(status);
  await gateway.logged(status === 503 ? 'push not accepted' : 'push refused');
  expect(JSON.stringify(gateway.log)).not.toContain('TOP-SECRET');
});

test('an unreadable push is answered success, and one log line has the reason, without its content', async () => {
  const platform = fakePlatform();
  platform.pushes.accept = () => Promise.resolve({ outcome: 'unreadable', reason: 'wrong_url' });
  const gateway = await openGateway(platform);
  const url = `${gateway.url}/wechat/${COMPONENT}/messages/a1?${query}`;
  for (let n = 0; n < 100; n++) {
    const response = await fetch(url, { method: 'POST', body: '<xml>TOP-SECRET</xml>' });
    expect([response.status, await response.text()]).toEqual([200, 'success']);
  }
  const line = await gateway.logged('push unreadable');
  expect(line).toMatchObject({ component: COMPONENT, url: 'messages', appid: 'a1', reason: 'wrong_url' });
  expect(JSON.stringify(gateway.log)).not.toContain('TOP-SECRET');
  expect(gateway.log.filter(({ msg }) => msg === 'push unreadable')).toHaveLength(30);
});

test.each([
  ['no signature', COMPONENT, 'timestamp=1&nonce=2', 403],
  ['a signature that is no hash', COMPONENT, 'timestamp=1&nonce=2&msg_signature=x', 403],
  ['two signatures', COMPONENT, `${query}&msg_signature=${'0'.repeat(40)}`, 403],
  ['a timestamp that is no number', COMPONENT, query.replace('timestamp=1', 'timestamp=now'), 403],
  ['no nonce', COMPONENT, query.replace('nonce=2', ''), 403],
  ['a component that this deployment does not run', 'wx0', query, 404],
])('a push with %s is refused before its body is read', async (_name, component, search, status) => {
  const platform = fakePlatform();
  platform.pushes.accept = () => Promise.reject(new Error('must not be called'));
  const gateway = await openGateway(platform);
  const socket = connect(gateway.port, '127.0.0.1');
  // The body never comes, so only an answer that does not wait for it arrives.
  socket.write(`POST /wechat/${component}/events?${search} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n`);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
});

test('ten megabytes are refused with 413, and the sender receives the answer', async () => {
  const platform = fakePlatform();
  platform.pushes.accept = () => Promise.reject(new Error('must not be called'));
  const gateway = await openGateway(platform);
  const response = await fetch(gateway.url + events, { method: 'POST', body: Buffer.alloc(10 * 1024 * 1024) });
  expect(response.status).toBe(413);
  await gateway.logged('push refused');
});

test('a megabyte is accepted', async () => {
  const gateway = await openGateway(fakePlatform());
  const response = await fetch(gateway.url + events, { method: 'POST', body: Buffer.alloc(1024 * 1024) });
  expect(response.status).toBe(200);
});

test('both time limits of a push end before WeChat closes the connection', () => {
  expect(BODY_TIMEOUT_MS).toBeLessThan(ANSWER_TIMEOUT_MS);
  expect(ANSWER_TIMEOUT_MS).toBeLessThan(5_000);
});

test('a slow body is refused before WeChat closes the connection', async () => {
  const gateway = await openGateway(fakePlatform());
  const socket = connect(gateway.port, '127.0.0.1');
  socket.write(`POST ${events} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n<xml>`);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
});

test('a push that cannot be stored in time is answered 503, so that WeChat redelivers it', async () => {
  const platform = fakePlatform();
  platform.pushes.accept = () => new Promise(() => {});
  const gateway = await openGateway(platform);
  const response = await fetch(gateway.url + events, { method: 'POST', body: '<xml/>' });
  expect(response.status).toBe(503);
});

test('GET answers the echo, or 403', async () => {
  const platform = fakePlatform();
  platform.pushes.echo = (_component, query) => (query.signature === 'good' ? String(query.echostr) : undefined);
  const gateway = await openGateway(platform);
  const good = await fetch(`${gateway.url}/wechat/c1/events?signature=good&echostr=%3Cb%3E42`);
  expect([good.status, await good.text()]).toEqual([200, '<b>42']);
  expect(good.headers.get('content-type')).toContain('text/plain');
  expect(good.headers.get('x-content-type-options')).toBe('nosniff');
  const bad = await fetch(`${gateway.url}/wechat/c1/messages/a1?signature=bad&echostr=42`);
  expect(bad.status).toBe(403);
});

test.each([
  ['PUT', '/wechat/c1/events', 405],
  ['POST', '/wechat/c1/elsewhere', 404],
  ['POST', '/wechat/c1%2f../events', 404],
])('%s %s → %i', async (method, path, status) => {
  const gateway = await openGateway(fakePlatform());
  expect((await fetch(gateway.url + path, { method })).status).toBe(status);
});

test('a flood of forged pushes cannot fill the log', async () => {
  const platform = fakePlatform();
  platform.pushes.accept = () => Promise.reject(new EnvelopeFailure(-40001));
  const gateway = await openGateway(platform);
  for (let n = 0; n < 100; n++) await fetch(gateway.url + events, { method: 'POST', body: 'x' });
  expect(gateway.log.filter((line) => line.msg === 'push refused')).toHaveLength(30);
});

test('a reply is answered as XML, and one that comes too late or fails does no harm', async () => {
  const platform = fakePlatform();
  const replies = [
    () => Promise.resolve('<xml>sealed</xml>'),
    () => Promise.resolve(undefined),
    () => Promise.reject<never>(new Error('lost')),
  ];
  platform.pushes.accept = () => Promise.resolve({ outcome: 'accepted', reply: replies.shift()!() });
  const gateway = await openGateway(platform);
  const post = () => fetch(`${gateway.url}/wechat/${COMPONENT}/messages/a1?${query}`, { method: 'POST', body: 'x' });
  const replied = await post();
  expect([replied.status, replied.headers.get('content-type')]).toEqual([200, 'text/xml; charset=utf-8']);
  expect(await replied.text()).toBe('<xml>sealed</xml>');
  for (const response of [await post(), await post()]) {
    expect([response.status, await response.text()]).toEqual([200, 'success']);
  }
});
