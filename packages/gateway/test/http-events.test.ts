import { type EventPayloads, Events } from '@wxthirdparty/platform';
import { beforeEach, expect, test } from 'vitest';
import { COMPONENT, fakePlatform } from './fake-platform.ts';
import { bearer, type OpenedGateway, openGateway } from './open-gateway.ts';

let gateway: OpenedGateway;
let answers: EventPayloads['http'][];
beforeEach(async () => {
  answers = [];
  const events = new Events();
  events.subscribe('http', (event) => answers.push(event));
  const platform = fakePlatform();
  platform.events = events;
  gateway = await openGateway(platform, { answerMetrics: (_request, response) => response.end('metrics') });
});

const published = () => answers.map(({ route, method, status, key }) => [route, method, status, key]);

test.each([
  ['GET', '/v1/status', bearer, ['/v1/status', 'GET', 200, 'API_KEY']],
  ['GET', '/v1/authorizers/wx-a-secret-path', bearer, ['/v1/authorizers/:appid', 'GET', 404, 'API_KEY']],
  ['GET', '/v1/status', {}, ['none', 'GET', 401, undefined]],
  ['POST', `/wechat/${COMPONENT}/messages/wxa?x=1`, {}, ['/wechat/:component/messages/:appid', 'POST', 403, undefined]],
  ['GET', '/wechat/other', {}, ['none', 'GET', 404, undefined]],
  ['GET', '/cgi-bin/token?grant_type=x', {}, ['/cgi-bin/token', 'GET', 200, undefined]],
  ['GET', '/cgi-bin/user/get?access_token=x', {}, ['virtual-wechat', 'GET', 200, undefined]],
  ['GET', '/admin/calls', {}, ['/admin/*', 'GET', 503, undefined]],
])('%s %s is published once, by the pattern of its route', async (method, path, headers, expected) => {
  const response = await fetch(gateway.url + path, { method, headers });
  await response.arrayBuffer();
  await expect.poll(published).toEqual([expected]);
  expect(answers[0]!.ms).toBeGreaterThanOrEqual(0);
});

test.each(['/metrics', '/metrics/', '/METRICS', '/metrics?debug=1'])('%s is answered without a key', async (path) => {
  expect(await (await fetch(gateway.url + path)).text()).toBe('metrics');
});

test('a request of an SDK for /metrics is the virtual WeChat’s, and shows no metrics', async () => {
  const response = await fetch(`${gateway.url}/metrics?access_token=x`);
  expect(await response.json()).toMatchObject({ errcode: expect.any(Number) });
});
