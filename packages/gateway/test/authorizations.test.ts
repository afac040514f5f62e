import { type AuthorizationOutcome, NotReadyFailure } from '@wxthirdparty/platform';
import { expect, test } from 'vitest';
import { ACCOUNT, apiKey, authorizer, COMPONENT, type FakePlatform, fakePlatform } from './fake-platform.ts';
import { API_KEY, openGateway } from './open-gateway.ts';

const CODE = 'queryauthcode@@@secret';
const WRITES = 'wxk_writes';

async function send(platform: FakePlatform, body: unknown = { authCode: CODE }, key = API_KEY) {
  const gateway = await openGateway(platform);
  const response = await fetch(`${gateway.url}/v1/components/${COMPONENT}/authorizations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(JSON.stringify(gateway.log)).not.toContain('secret');
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('a code is answered with the account that consented', async () => {
  const platform = fakePlatform();
  const exchanged: unknown[] = [];
  platform.codeExchange.run = (component, code, { waitMs, withProfile }) => {
    exchanged.push({ component, code, waitMs, withProfile });
    return Promise.resolve({ outcome: 'authorized', appid: ACCOUNT, profile: 'asked' });
  };
  platform.authorizers.find = (appid, component, age) =>
    Promise.resolve(authorizer({ appid, nickName: `${component} ${age}` }));
  expect(await send(platform)).toMatchObject({
    status: 200,
    body: { appid: ACCOUNT, nickName: `${COMPONENT} fresh`, state: 'active' },
  });
  expect(exchanged).toEqual([{ component: COMPONENT, code: CODE, waitMs: 10_000, withProfile: true }]);
});

const failed = { outcome: 'failed', code: 'auth_code_refused', message: 'code is expired' } as const;
test.each<[how: string, outcome: AuthorizationOutcome | 'pending', status: number, body: object]>([
  [
    'that WeChat refuses',
    { ...failed, errcode: 61010 },
    400,
    { code: 'invalid_request', errcode: 61010, explanation: expect.anything() },
  ],
  ['that could not be exchanged in time', failed, 400, { code: 'invalid_request' }],
  ['that is still being exchanged', 'pending', 503, { code: 'unavailable', remedy: 'retry', retryAfter: 2 }],
])('a code %s', async (_how, outcome, status, body) => {
  const platform = fakePlatform();
  platform.codeExchange.run = () => Promise.resolve(outcome);
  expect(await send(platform)).toMatchObject({ status, body });
});

test('while the component cannot act, the answer contains the reasons', async () => {
  const platform = fakePlatform();
  platform.codeExchange.run = () => Promise.resolve('pending');
  platform.demandReady = () => Promise.reject(new NotReadyFailure(COMPONENT, ['no_ticket']));
  expect(await send(platform)).toMatchObject({ status: 503, body: { code: 'not_ready', reasons: ['no_ticket'] } });
});

test.each([{}, { authCode: '' }, { authCode: 1 }, { authCode: 'x'.repeat(513) }, { authCode: CODE, more: 1 }])(
  '%j is no valid body',
  async (body) => {
    const platform = fakePlatform();
    platform.codeExchange.run = () => Promise.reject(new Error('it was exchanged'));
    expect(await send(platform, body)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  },
);

test('a virtual code is for the virtual component', async () => {
  const platform = fakePlatform();
  platform.virtualCodes.read = () => ({ verdict: 'expired' });
  platform.codeExchange.run = () => Promise.reject(new Error('it was exchanged'));
  expect(await send(platform)).toMatchObject({
    status: 400,
    body: { detail: expect.stringContaining('api_query_auth') },
  });
});

test.each<[how: string, key: Parameters<typeof apiKey>[0], expected: object]>([
  ['of its own account', { accounts: [ACCOUNT] }, { status: 200 }],
  ['of another account', { accounts: ['wxother'] }, { status: 403, body: { missing: { account: ACCOUNT } } }],
  [
    'without the path that exchanges codes',
    { paths: ['/cgi-bin/user/*'] },
    { status: 403, body: { missing: { path: '/cgi-bin/component/api_query_auth' } } },
  ],
  ['without the scope', { scopes: ['calls'] }, { status: 403, body: { missing: { scope: 'authorizers:write' } } }],
])('a restricted key, %s', async (_how, key, expected) => {
  const platform = fakePlatform();
  platform.given.set(WRITES, apiKey({ scopes: ['authorizers:write'], ...key }));
  expect(await send(platform, { authCode: CODE }, WRITES)).toMatchObject(expected);
});
