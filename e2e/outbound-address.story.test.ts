import net, { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { batch, message } from './support/call-terms.ts';
import { type CallBody, Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { freePort } from './support/free-port.ts';
import { follower, SEND_MESSAGE } from './support/tally.ts';
import { until } from './support/until.ts';

let deployment: Deployment;
let openid: string;
/** A server that only this host may reach, and its connections. */
let connections = 0;
const inner = net.createServer((socket) => {
  connections++;
  socket.on('error', () => {}).destroy();
});

beforeAll(async () => {
  // A port that no other server had before: a program that still connects to that one would be counted.
  const port = await freePort();
  await new Promise<void>((resolve) => inner.listen(port, resolve));
  deployment = await Deployment.open({ env: { DELIVERY_NETS: '' } });
  await deployment.authorized();
  openid = await follower(deployment);
});
afterAll(async () => {
  await deployment?.close();
  await new Promise((resolve) => inner.close(resolve));
});

const portOf = () => (inner.address() as AddressInfo).port;

it('an address that is not allowed is refused as a callback when the call is submitted, and as a subscription, and nothing connects', async () => {
  const hosts = [
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '127.0.0.1.',
    '0',
    'localhost',
    'localhost.',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '169.254.169.254',
    '10.0.0.5',
  ];
  const urls = hosts.flatMap((host) => [
    `http://${host}:${portOf()}/hook?key=1`,
    `https://${host}:${portOf()}/hook?key=1`,
  ]);
  for (const callbackUrl of [...urls, 'http://business.example/hook']) {
    const call = { method: 'POST', path: SEND_MESSAGE, body: {}, callbackUrl };
    const { status, body } = await deployment.call(SERVICE_ACCOUNT, call);
    expect([callbackUrl, status, body]).toMatchObject([
      callbackUrl,
      400,
      { code: 'address_not_allowed', address: expect.any(String), setting: 'DELIVERY_NETS', remedy: 'fix-request' },
    ]);
    expect(JSON.stringify(body)).not.toContain('key=1');
    const subscription = await deployment.api('POST', '/v1/subscriptions', { name: 'refused', url: callbackUrl });
    expect([callbackUrl, subscription.status, subscription.body]).toMatchObject([
      callbackUrl,
      400,
      { code: 'address_not_allowed', address: expect.any(String), setting: 'DELIVERY_NETS' },
    ]);
    expect(JSON.stringify(subscription.body)).not.toContain('key=1');
  }
  expect((await deployment.api('GET', '/v1/subscriptions')).body).toMatchObject({ items: [] });
  const { items } = await batch(deployment, [
    message(SERVICE_ACCOUNT, openid, 'refused', { callbackUrl: urls[1]! }),
    message(SERVICE_ACCOUNT, openid, 'accepted'),
  ]);
  expect(items[0]?.problem).toMatchObject({ code: 'address_not_allowed', status: 400 });
  expect(items[1]?.id).toEqual(expect.any(String));
  expect(connections).toBe(0);
});

it('and again when it is sent: the worker, whose setting does not list the network, does not connect', async () => {
  await deployment.gateways[0]!.shutDown();
  await deployment.startGateway(0, { DELIVERY_NETS: '127.0.0.0/8' }).says('gateway listening');
  const { body } = await deployment.api<CallBody>('POST', `/v1/authorizers/${SERVICE_ACCOUNT}/calls`, {
    ...message(SERVICE_ACCOUNT, openid, 'sent', { callbackUrl: `http://127.0.0.1:${portOf()}/hook?key=1` }),
    appid: undefined,
    waitMs: 60_000,
  });
  expect(body.state).toBe('completed');
  await deployment.workers[0]!.says('its address is not allowed (DELIVERY_NETS)');
  expect(connections).toBe(0);
  expect(deployment.workers[0]!.output).not.toContain('key=1');
  await until('the inner server is reachable at all', () => {
    net.connect(portOf(), '127.0.0.1').on('error', () => {});
    return connections > 0;
  });
});
