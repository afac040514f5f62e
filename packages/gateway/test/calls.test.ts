import type { CallFilter } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { expect, test } from 'vitest';
import { ACCOUNT, COMPONENT, fakePlatform, runningCall, settledCall } from './fake-platform.ts';
import { bearer, type OpenedGateway, openGateway } from './open-gateway.ts';

const CALLS = `/v1/authorizers/${ACCOUNT}/calls`;
const send = { method: 'POST', path: '/cgi-bin/message/custom/send' };

async function ask(
  gateway: OpenedGateway,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown> & { items: Record<string, unknown>[] } }> {
  const response = await fetch(gateway.url + path, {
    method,
    headers: { ...bearer, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as never };
}

test('the idempotency key, the order key, the times and the callback reach the platform', async () => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  const times = { deadlineAt: '2027-01-31T08:00:00+08:00', notBeforeAt: '2027-01-30T00:00:00Z' };
  await ask(
    gateway,
    'POST',
    CALLS,
    { ...send, ...times, orderKey: 'user 1', durable: true, callbackUrl: 'http://10.0.0.1/h' },
    { 'idempotency-key': 'k-1' },
  );
  expect(platform.submitted[0]).toMatchObject({
    idempotencyKey: 'k-1',
    deadlineAt: new Date('2027-01-31T00:00:00Z'),
    notBeforeAt: new Date(times.notBeforeAt),
    orderKey: 'user 1',
    durable: true,
    callbackUrl: 'http://10.0.0.1/h',
    // A call with a later notBeforeAt is a background call.
    waitMs: 0,
  });
});

test('a durable call is a background call, of the component and in a batch, too', async () => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  for (const path of [CALLS, '/v1/components/wxc/calls']) {
    await ask(gateway, 'POST', path, { ...send, durable: true });
    await ask(gateway, 'POST', path, { ...send, durable: false });
  }
  await ask(gateway, 'POST', '/v1/calls/batch', { calls: [{ ...send, appid: 'wxa', durable: true }] });
  expect(platform.submitted.map(({ durable, waitMs }) => ({ durable, waitMs }))).toEqual([
    { durable: true, waitMs: 0 },
    { durable: false, waitMs: 30_000 },
    { durable: true, waitMs: 0 },
    { durable: false, waitMs: 30_000 },
    { durable: true, waitMs: 0 },
  ]);
});

test.each([
  [{ deadlineAt: 'tomorrow' }, {}],
  [{ deadlineAt: '2027-01-31T08:00:00' }, {}],
  [{ notBeforeAt: 1_800_000_000 }, {}],
  [{ callbackUrl: 7 }, {}],
  [{ durable: 'yes' }, {}],
  [{ orderKey: '' }, {}],
  [{ orderKey: 'x'.repeat(65) }, {}],
  [{}, { 'idempotency-key': 'with blanks' }],
  [{}, { 'idempotency-key': 'x'.repeat(201) }],
])('%o with %o is refused', async (change, headers) => {
  const gateway = await openGateway(fakePlatform());
  const { status, body } = await ask(gateway, 'POST', CALLS, { ...send, ...change }, headers);
  expect({ status, code: body.code }).toEqual({ status: 400, code: 'invalid_request' });
});

test('cancelling a call that has not departed returns it; one that has departed is a conflict', async () => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  platform.calls.find = () => Promise.resolve(settledCall({ state: 'cancelled', response: null }));
  expect(await ask(gateway, 'DELETE', '/v1/calls/call-1')).toMatchObject({ status: 200, body: { state: 'cancelled' } });
  platform.calls.cancel = () => Promise.resolve(false);
  expect(await ask(gateway, 'DELETE', '/v1/calls/call-1')).toMatchObject({ status: 200 });
  platform.calls.find = () => Promise.resolve(runningCall());
  expect(await ask(gateway, 'DELETE', '/v1/calls/call-1')).toMatchObject({
    status: 409,
    body: { code: 'already_departed' },
  });
  platform.calls.find = () => Promise.resolve(undefined);
  expect(await ask(gateway, 'DELETE', '/v1/calls/call-1')).toMatchObject({
    status: 404,
    body: { code: 'unknown_call' },
  });
});

test('each call of a batch is answered separately, and its body is not changed', async () => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  platform.calls.submitAll = (requests) => {
    platform.submitted.push(...requests);
    return Promise.resolve([{ id: 'first' }, new Failure('unknown_authorizer', 'fix-request', 'no such account')]);
  };
  const text = String.raw`{"calls": [
    {"appid":"${ACCOUNT}","method":"POST","path":"/cgi-bin/user/info/updateremark","body":{"id":22876340532172986, "t":"\u4e2d"}},
    {"appid":"${ACCOUNT}","method":"POST","path":"/not//wechat"},
    {"appid":"x","component":"c","method":"GET","path":"/cgi-bin/user/get","query":{"n":[22876340532172987,"b"]}}
  ]}`;
  const { status, body } = await ask(gateway, 'POST', '/v1/calls/batch', text, { 'idempotency-key': 'k' });
  expect(status).toBe(202);
  expect(body.items).toEqual([
    { id: 'first' },
    { problem: expect.objectContaining({ code: 'invalid_request', status: 400 }) },
    { problem: expect.objectContaining({ code: 'unknown_authorizer', status: 404 }) },
  ]);
  expect(platform.submitted).toMatchObject([
    { appid: ACCOUNT, waitMs: 0, body: Buffer.from('{"id":22876340532172986,"t":"中"}'), idempotencyKey: 'k 0' },
    {
      appid: 'x',
      component: 'c',
      query: [
        ['n', '22876340532172987'],
        ['n', 'b'],
      ],
      idempotencyKey: 'k 2',
    },
  ]);
});

test.each([
  '{}',
  '{"calls":[]}',
  '{"calls":{}}',
  '[]',
  JSON.stringify({ calls: Array.from({ length: 1_001 }, () => ({})) }),
  '{"calls":[{}],"more":1}',
])('a batch of %s is refused as a whole', async (text) => {
  const platform = fakePlatform();
  const { status, body } = await ask(await openGateway(platform), 'POST', '/v1/calls/batch', text);
  expect({ status, code: body.code }).toEqual({ status: 400, code: 'invalid_request' });
  expect(platform.submitted).toEqual([]);
});

test('calls are listed without WeChat’s answers', async () => {
  const platform = fakePlatform();
  let asked: CallFilter | undefined;
  platform.callList.page = (filter) => {
    asked = filter;
    return Promise.resolve({ items: [settledCall()], next: 'more' });
  };
  const gateway = await openGateway(platform);
  const query = 'appid=a&state=failed&path=/cgi-bin/user/get&since=2026-11-22T10:00:00Z&limit=7&cursor=c';
  const { body } = await ask(gateway, 'GET', `/v1/calls?${query}`);
  expect(asked).toEqual({
    shows: expect.any(Function),
    appid: 'a',
    state: 'failed',
    path: '/cgi-bin/user/get',
    since: new Date('2026-11-22T10:00:00Z'),
    limit: 7,
    cursor: 'c',
  });
  expect(body.next).toBe('more');
  expect(body.items[0]).toMatchObject({ id: 'call-1', state: 'completed', path: '/cgi-bin/user/get' });
  expect(body.items[0]).not.toHaveProperty('response');
});

test.each(['', '?state=failed', '?appid=a&state=gone', '?appid=a&since=yesterday', '?appid=a&limit=0'])(
  'a list of calls%s is refused',
  async (query) => {
    const { status, body } = await ask(await openGateway(fakePlatform()), 'GET', `/v1/calls${query}`);
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'invalid_request' });
  },
);

test('WeChat’s errcodes are explained in two languages, to callers with a key', async () => {
  const gateway = await openGateway(fakePlatform());
  expect(await ask(gateway, 'GET', '/v1/explain/45009')).toEqual({
    status: 200,
    body: {
      errcode: 45009,
      code: 'quota_closed',
      remedy: 'slow-down',
      class: 'quota',
      documented: true,
      explanation: {
        zh: '接口当日调用次数已用完。请在北京时间次日零点后重试。',
        en: 'Daily API quota reached. Try again after midnight in Beijing.',
      },
    },
  });
  expect(await ask(gateway, 'GET', '/v1/explain/-1')).toMatchObject({ status: 200, body: { code: 'wechat_busy' } });
  expect(await ask(gateway, 'GET', '/v1/explain/many')).toMatchObject({ status: 400 });
  expect((await fetch(`${gateway.url}/v1/explain/45009`)).status).toBe(401);
});

test('only a completed call whose answer is no longer kept has responseKept: false', async () => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  expect((await ask(gateway, 'GET', '/v1/calls/call-1')).body).not.toHaveProperty('responseKept');
  const answered = { status: 200, errcode: 40003, rid: 'r', bytes: 44 };
  platform.calls.find = () => Promise.resolve(settledCall({ response: null, answered }));
  expect((await ask(gateway, 'GET', '/v1/calls/call-1')).body).toMatchObject({
    ...{ state: 'completed', response: null, responseKept: false, answered, failure: null },
    explanation: { zh: expect.any(String), en: expect.stringContaining('openid') },
  });
  platform.calls.find = () => Promise.resolve(runningCall());
  expect((await ask(gateway, 'GET', '/v1/calls/call-1')).body).not.toHaveProperty('responseKept');
});

test('a failure is explained in two languages', async () => {
  const platform = fakePlatform();
  platform.calls.find = () =>
    Promise.resolve(
      settledCall({
        state: 'failed',
        response: null,
        failure: { code: 'ip_not_allowed', remedy: 'operator', message: 'm', errcode: 61004, rid: 'r' },
      }),
    );
  const { body } = await ask(await openGateway(platform), 'GET', '/v1/calls/call-1');
  expect(body.failure).toEqual({
    code: 'ip_not_allowed',
    remedy: 'operator',
    message: 'm',
    errcode: 61004,
    rid: 'r',
    explanation: { zh: expect.stringContaining('白名单'), en: expect.stringContaining('operator') },
  });
});

test('a call has the name of its key, the handle of its account, and what happened to it', async () => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  const read = async () => (await ask(gateway, 'GET', '/v1/calls/call-1')).body;
  expect(await read()).toMatchObject({ key: null, rid: null, explanation: null, timeline: null });

  const key = await platform.apiKeys.create({ name: 'crm' } as never, {} as never);
  platform.apiKeys.nameOf = (id) => Promise.resolve(id === key.key.id ? 'crm' : undefined);
  const answered = { status: 200, errcode: 45_015, rid: '61725984-6126f6f9-040f19c4', bytes: 44 };
  const at = new Date('2026-11-22T10:00:00Z');
  const detail = { kind: 'inline', orderKey: false } as const;
  platform.calls.detail = () =>
    Promise.resolve({
      call: settledCall({ keyId: key.key.id, response: null, answered }),
      timeline: [{ at, event: 'received', attempt: null, detail }],
    });
  expect(await read()).toMatchObject({
    key: { id: key.key.id, name: 'crm' },
    handle: 'h1',
    rid: answered.rid,
    explanation: {
      zh: expect.stringMatching(/\p{Script=Han}/u),
      link: expect.stringMatching(/^https:\/\/developers\.weixin\.qq\.com\//),
    },
    timeline: [{ at: at.toISOString(), event: 'received', attempt: null, detail }],
  });
  const failure = { code: 'outcome_unknown', remedy: 'operator', message: 'm' } as const;
  platform.calls.detail = () =>
    Promise.resolve({
      call: settledCall({ keyId: 'gone', state: 'failed', response: null, answered: null, failure }),
      timeline: [],
    });
  expect(await read()).toMatchObject({
    key: { id: 'gone', name: null },
    explanation: { en: expect.stringContaining('Check its effect'), link: null },
  });
});

test('the failed calls of a component need no account, and show a key only its own', async () => {
  const platform = fakePlatform();
  const asked: unknown[] = [];
  platform.failedCalls.page = ({ shows, ...filter }) => {
    asked.push({
      ...filter,
      own: shows!({ appid: ACCOUNT, path: '/cgi-bin/user/get' }),
      other: shows!({ appid: 'wxo', path: '/x' }),
    });
    return Promise.resolve({ items: [], next: null });
  };
  const gateway = await openGateway(platform);
  const list = (query: string) => ask(gateway, 'GET', `/v1/calls?${query}`);
  expect((await list(`component=${COMPONENT}&failed=true&errcode=45015&key=crm`)).status).toBe(200);
  expect(asked).toEqual([{ component: COMPONENT, errcode: 45_015, keyId: 'crm', limit: 100, own: true, other: true }]);
  expect((await list(`appid=${ACCOUNT}&failed=true`)).status).toBe(200);
  expect(asked[1]).toMatchObject({ component: COMPONENT, appid: ACCOUNT });
  expect(await list(`component=${COMPONENT}`)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  expect(await list('failed=true')).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  expect(await list('component=wxother&failed=true')).toMatchObject({
    status: 404,
    body: { code: 'unknown_component' },
  });
});
