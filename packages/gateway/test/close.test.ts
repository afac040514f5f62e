import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { ACCOUNT, fakePlatform, neverSettles, runningCall, settledCall } from './fake-platform.ts';
import { API_KEY, bearer, openGateway } from './open-gateway.ts';

test('a taken port is an error, not a crash', async () => {
  const gateway = await openGateway(fakePlatform());
  await expect(openGateway(fakePlatform(), { port: gateway.port })).rejects.toThrow('EADDRINUSE');
});

test('it says where it listens', async () => {
  const gateway = await openGateway(fakePlatform());
  expect(gateway.url).toBe(`http://127.0.0.1:${gateway.port}`);
  await gateway.logged(`gateway listening on ${gateway.url}`);
});

test.each([
  [{ redis: true, database: true }, 200, []],
  [{ redis: false, database: true }, 503, []],
  [{ redis: true, database: false }, 200, ['database']],
])('/readyz with %o: %i', async (health, status, degraded) => {
  const platform = fakePlatform();
  platform.health = () => Promise.resolve(health);
  const gateway = await openGateway(platform);
  const response = await fetch(`${gateway.url}/readyz`);
  expect(response.status).toBe(status);
  expect(await response.json()).toEqual({ ready: status === 200, ...health, closing: false, degraded });
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
});

test('draining: it is not ready, every answer ends its connection, and new connections are still served', async () => {
  const gateway = await openGateway(fakePlatform());
  gateway.drain();
  const ready = await fetch(`${gateway.url}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ ready: false, redis: true, database: true, closing: true });
  const call = await fetch(`${gateway.url}/v1/authorizers/${ACCOUNT}/calls`, {
    method: 'POST',
    headers: { ...bearer, 'content-type': 'application/json' },
    body: '{"method":"GET","path":"/cgi-bin/user/get"}',
  });
  expect(call.status).toBe(200);
  expect(call.headers.get('connection')).toBe('close');
});

test('closing: running requests are answered, connections end, and new ones are refused', async () => {
  const platform = fakePlatform();
  let waiting = 0;
  platform.calls.settled = (id, waitMs, signal) => {
    waiting++;
    return neverSettles(id, waitMs, signal);
  };
  platform.calls.find = () => Promise.resolve(runningCall());
  const health = Promise.withResolvers<{ redis: boolean; database: boolean }>();
  const gateway = await openGateway(platform, { shutdownMs: 10_000 });
  const credentials = `grant_type=client_credential&appid=${ACCOUNT}&secret=${API_KEY}`;
  const token = (
    (await (await fetch(`${gateway.url}/cgi-bin/token?${credentials}`)).json()) as { access_token: string }
  ).access_token;
  const waitingForSdk = fetch(`${gateway.url}/cgi-bin/user/get?access_token=${token}`);
  const waitingOnV1 = fetch(`${gateway.url}/v1/authorizers/${ACCOUNT}/calls`, {
    method: 'POST',
    headers: { ...bearer, 'content-type': 'application/json' },
    body: '{"method":"GET","path":"/cgi-bin/user/get","waitMs":60000}',
  });
  let asked = false;
  platform.health = () => {
    asked = true;
    return health.promise;
  };
  const agent = new Agent({ keepAlive: true });
  const probe = new Promise<{ status: number | undefined; connection: string | undefined }>((resolve, reject) => {
    request(`${gateway.url}/readyz`, { agent }, (response) => {
      response.resume();
      resolve({ status: response.statusCode, connection: response.headers.connection });
    })
      .on('error', reject)
      .end();
  });
  await expect.poll(() => waiting === 2 && asked).toBe(true);

  const closed = gateway.close();
  health.resolve({ redis: true, database: true });
  expect(await probe).toEqual({ status: 503, connection: 'close' });
  await expect(fetch(`${gateway.url}/healthz`)).rejects.toThrow();
  expect((await waitingOnV1).status).toBe(202);
  const refused = await waitingForSdk;
  expect(refused.headers.get('connection')).toBe('close');
  expect(await refused.json()).toMatchObject({ errcode: -1 });
  await closed;
  agent.destroy();
});

test('closing: a connection on which nothing was asked does not hold it up', async () => {
  // Longer than a test may take: connections are not cut by the clock.
  const gateway = await openGateway(fakePlatform(), { shutdownMs: 3_600_000 });
  const socket = connect(gateway.port, '127.0.0.1');
  await once(socket, 'connect');
  // Known to the server, too: connections are accepted in order.
  await (await fetch(`${gateway.url}/healthz`)).text();
  await gateway.close();
  socket.destroy();
});

test('closing: a call that settles in the meantime is answered as ever', async () => {
  const platform = fakePlatform();
  const settles = Promise.withResolvers<ReturnType<typeof settledCall>>();
  let waiting = false;
  platform.calls.settled = () => {
    waiting = true;
    return settles.promise;
  };
  const gateway = await openGateway(platform);
  const call = fetch(`${gateway.url}/v1/authorizers/${ACCOUNT}/calls`, {
    method: 'POST',
    headers: { ...bearer, 'content-type': 'application/json' },
    body: '{"method":"GET","path":"/cgi-bin/user/get"}',
  });
  await expect.poll(() => waiting).toBe(true);
  const closed = gateway.close();
  settles.resolve(settledCall());
  expect((await call).status).toBe(200);
  await closed;
});

test('closing: a call that has departed but never settles is reported as unknown before the connection is closed', async () => {
  const platform = fakePlatform();
  platform.calls.settled = neverSettles;
  platform.calls.cancel = () => Promise.resolve(false);
  platform.calls.find = () => Promise.resolve(runningCall());
  const gateway = await openGateway(platform, { shutdownMs: 6_000 });
  const credentials = `grant_type=client_credential&appid=${ACCOUNT}&secret=${API_KEY}`;
  const token = (
    (await (await fetch(`${gateway.url}/cgi-bin/token?${credentials}`)).json()) as { access_token: string }
  ).access_token;
  const call = fetch(`${gateway.url}/cgi-bin/user/get?access_token=${token}`);
  await expect.poll(() => platform.submitted).toHaveLength(1);
  const closed = gateway.close();
  expect(await (await call).json()).toMatchObject({ errcode: 990001 });
  await closed;
});
