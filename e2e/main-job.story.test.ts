import { afterAll, beforeAll, expect, it } from 'vitest';
import { Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';

let deployment: Deployment;
beforeAll(async () => {
  deployment = await Deployment.open();
});
afterAll(() => deployment.close());

it('becomes ready with the first ticket, and reports since when', async () => {
  await deployment.ready();
  const { body } = await deployment.api<{ components: { ready: boolean; reasons: string[]; ticket: object }[] }>(
    'GET',
    '/v1/status',
  );
  expect(body.components).toHaveLength(1);
  expect(body.components[0]).toMatchObject({ ready: true, reasons: [] });
  expect(body.components[0]?.ticket).toMatchObject({ receivedAt: expect.any(String), expiresAt: expect.any(String) });
});

it('answers a call with the followers of an account that has authorized', async () => {
  await deployment.authorized();
  const { status, body } = await deployment.call(SERVICE_ACCOUNT, { method: 'GET', path: '/cgi-bin/user/get' });
  expect(status).toBe(200);
  expect(body.state).toBe('completed');
  expect(body.response?.body).toMatchObject({ total: 25, count: 25 });
});
