import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CallBody, Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { atLeast, settledCall } from './support/load.ts';
import { jobsSoFar } from './support/queue-counts.ts';
import { follower, SEND_MESSAGE, tally, USER_INFO } from './support/tally.ts';
import { until } from './support/until.ts';

/** WeChat answers only when the story releases the answers. */
const STILL = 600_000;

let deployment: Deployment;
let openid: string;
/** One process is gateway and worker, as `start` runs them. */
beforeAll(async () => {
  deployment = await Deployment.open({ together: true });
  await deployment.authorized();
  openid = await follower(deployment);
  // Ensures that this process has the token.
  await call({ method: 'GET', path: USER_INFO, query: { openid } });
});
afterAll(() => deployment.close());

async function call(request: { method: string; path: string; query?: object; body?: unknown; waitMs?: number }) {
  return deployment.call(SERVICE_ACCOUNT, request);
}
const send = (content: string, waitMs?: number) => {
  const body = { touser: openid, msgtype: 'text', text: { content } };
  return call({ method: 'POST', path: SEND_MESSAGE, body, ...(waitMs === undefined ? {} : { waitMs }) });
};

it('calls for which a caller waits need neither job nor record; their outcomes are readable a moment later, without the answers', async () => {
  const redis = deployment.redis.client();
  let round = 0;
  // A call that takes longer than a second gets a record, as it may on a busy machine.
  const ids = await until('twenty quick calls in a row', async () => {
    round++;
    const before = await jobsSoFar(redis, 'calls');
    const sent: string[] = [];
    for (let i = 0; i < 20; i++) {
      const { status, body } = await send(`message ${round}.${i}`);
      expect({ status, state: body.state, attempts: body.attempts }).toEqual({
        ...{ status: 200, state: 'completed', attempts: 1 },
      });
      expect(body.response).toMatchObject({ body: { errcode: 0 } });
      sent.push(body.id);
    }
    return (await jobsSoFar(redis, 'calls')) === before && sent;
  }).finally(() => redis.disconnect());
  const listed = async () =>
    (await deployment.api<{ items: CallBody[] }>('GET', `/v1/calls?appid=${SERVICE_ACCOUNT}&limit=100`)).body.items;
  await until('all are listed', async () => {
    const found = new Set((await listed()).map(({ id }) => id));
    return ids.every((id) => found.has(id));
  });
  const newestFirst = (await listed()).map(({ id }) => id).filter((id) => ids.includes(id));
  expect(newestFirst).toEqual(ids.toReversed());
  expect((await deployment.api('GET', `/v1/calls/${ids[0]}`)).body).toMatchObject({
    ...{ state: 'completed', attempts: 1, response: null, responseKept: false },
  });
  expect(
    (await deployment.wechat.messages()).filter(({ content }) =>
      JSON.stringify(content).includes(`message ${round}.7"`),
    ),
  ).toHaveLength(1);
});

it('an inline, a queued and a background call that failed show what happened to them, and are listed by their component', async () => {
  type Detail = CallBody & {
    readonly key: { readonly id: string };
    readonly explanation: { readonly zh: string; readonly link: string | null } | null;
    readonly timeline: readonly { readonly event: string; readonly detail: Record<string, unknown> | null }[] | null;
  };
  const { component } = deployment;
  const ids: string[] = [];
  // Ensures that this process has the token.
  await call({ method: 'GET', path: USER_INFO, query: { openid } });
  for (const kind of ['inline', 'queued', 'background']) {
    await deployment.wechat.control('POST', '/fail', { path: SEND_MESSAGE, how: 'errcode', errcode: 45_015 });
    const body = { touser: openid, msgtype: 'text', text: { content: kind } };
    const answer = await fetch(`${deployment.gatewayUrl()}/v1/authorizers/${SERVICE_ACCOUNT}/calls`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${deployment.apiKey}`,
        'content-type': 'application/json',
        // A call that another process may have to send goes through the queue.
        ...(kind === 'queued' ? { 'idempotency-key': kind } : {}),
      },
      body: JSON.stringify({ method: 'POST', path: SEND_MESSAGE, body, waitMs: kind === 'background' ? 0 : 10_000 }),
    });
    const { id } = (await answer.json()) as CallBody;
    await settledCall(deployment, id);
    const { body: detail } = await deployment.api<Detail>('GET', `/v1/calls/${id}`);
    expect(detail).toMatchObject({
      ...{ state: 'completed', rid: expect.any(String), key: { id: 'API_KEY' } },
      explanation: { zh: expect.any(String), link: expect.stringContaining('developers.weixin.qq.com') },
    });
    // On a busy machine an inline call may be promoted, and the reading of a token take noticeable time.
    const timeline = detail.timeline!.filter(
      ({ event }) => event !== 'token_waited' && (kind !== 'inline' || event !== 'queued'),
    );
    expect(timeline).toMatchObject([
      { event: 'received', detail: { kind } },
      ...(kind === 'inline' ? [] : [{ event: 'queued' }]),
      { event: 'sent', attempt: 1, detail: { quota: { used: expect.any(Number) } } },
      { event: 'answered', attempt: 1, detail: { status: 200, errcode: 45_015 } },
      { event: 'settled', detail: { state: 'completed' } },
    ]);
    ids.push(id);
  }
  const query = `component=${component.appid}&failed=true&errcode=45015`;
  await until('all are listed', async () => {
    const { body } = await deployment.api<{ items: CallBody[] }>('GET', `/v1/calls?${query}`);
    return ids.every((id) => body.items.some((call) => call.id === id));
  });
  await until('a completed call that was quick keeps neither its answer nor its timeline', async () => {
    const { body: completed } = await send('not refused');
    await settledCall(deployment, completed.id);
    expect((await deployment.api<Detail>('GET', `/v1/calls/${completed.id}`)).body).toMatchObject({
      ...{ state: 'completed', response: null, responseKept: false, timeline: null },
    });
    return true;
  });
});

it('calls in flight end completed although Redis pauses', async () => {
  const redis = deployment.redis.client();
  try {
    for (const path of [SEND_MESSAGE, USER_INFO]) {
      await deployment.wechat.control('POST', '/delay', { path, ms: 500, count: 1, at: 'after' });
    }
    const before = await tally(deployment);
    const asked = Promise.all([send('during a pause'), call({ method: 'GET', path: USER_INFO, query: { openid } })]);
    await until('both have reached WeChat', async () => {
      const now = await tally(deployment);
      return now.asked(SEND_MESSAGE) > before.asked(SEND_MESSAGE) && now.asked(USER_INFO) > before.asked(USER_INFO);
    });
    await redis.call('CLIENT', 'PAUSE', '5000', 'ALL');
    for (const { status, body } of await asked)
      expect({ status, state: body.state }).toEqual({ status: 200, state: 'completed' });
    for (const { body } of await asked)
      expect(await settledCall(deployment, body.id)).toMatchObject({ state: 'completed' });
  } finally {
    redis.disconnect();
  }
});

it('a call whose caller has its id is settled by another process when this one dies, and no message is sent twice', async () => {
  await deployment.wechat.control('POST', '/delay', { path: SEND_MESSAGE, ms: STILL, count: 1, at: 'after' });
  await deployment.wechat.control('POST', '/delay', { path: USER_INFO, ms: STILL, count: 1 });
  const before = await tally(deployment);
  const [sent, asked] = await Promise.all([
    send('half way', 200),
    call({ method: 'GET', path: USER_INFO, query: { openid }, waitMs: 200 }),
  ]);
  expect([sent.status, asked.status]).toEqual([202, 202]);
  await until('both have reached WeChat', async () => {
    const now = await tally(deployment);
    return now.asked(SEND_MESSAGE) > before.asked(SEND_MESSAGE) && now.asked(USER_INFO) > before.asked(USER_INFO);
  });
  await deployment.gateways[0]!.kill();
  deployment.startWorker();
  deployment.startGateway(0);
  await Promise.all([deployment.workers[0]!.says('worker ready'), deployment.gateways[0]!.says('gateway listening')]);

  expect(await settledCall(deployment, sent.body.id)).toMatchObject({
    ...{ state: 'failed', failure: { code: 'outcome_unknown', remedy: 'operator' } },
  });
  expect(await settledCall(deployment, asked.body.id)).toMatchObject({ state: 'completed', attempts: atLeast(2) });
  expect((await tally(deployment)).asked(SEND_MESSAGE) - before.asked(SEND_MESSAGE)).toBe(1);
});

it('a node that shuts down gives waiting callers the ids of their calls, which are settled without it', async () => {
  // No other process may take what is in the queue.
  await Promise.all([deployment.gateways[0]!.shutDown(), deployment.workers.pop()!.shutDown()]);
  const node = deployment.startNode(0, { SHUTDOWN_MS: '8000' });
  await node.says('gateway listening');
  // Ensures that this process has the token.
  await call({ method: 'GET', path: USER_INFO, query: { openid } });
  for (const path of [SEND_MESSAGE, USER_INFO]) {
    await deployment.wechat.control('POST', '/delay', { path, ms: STILL, count: 1, at: 'after' });
  }
  const before = await tally(deployment);
  const read = { method: 'GET', path: USER_INFO, query: { openid } };
  const asking = Promise.all([send('at the end', 60_000), call({ ...read, waitMs: 60_000 })]);
  await until('both have reached WeChat', async () => {
    const now = await tally(deployment);
    return now.asked(SEND_MESSAGE) > before.asked(SEND_MESSAGE) && now.asked(USER_INFO) > before.asked(USER_INFO);
  });
  expect(await node.shutDown()).toBe(0);
  const [sent, asked] = await asking;
  for (const { status, body } of [sent, asked])
    expect({ status, state: body.state }).toEqual({ status: 202, state: 'running' });

  deployment.startWorker();
  deployment.startGateway(0);
  await deployment.gateways[0]!.says('gateway listening');
  expect(await settledCall(deployment, sent.body.id)).toMatchObject({ failure: { code: 'outcome_unknown' } });
  expect(await settledCall(deployment, asked.body.id)).toMatchObject({ state: 'completed', attempts: atLeast(2) });
  expect((await tally(deployment)).asked(SEND_MESSAGE) - before.asked(SEND_MESSAGE)).toBe(1);
});
