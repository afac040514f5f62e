import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CallBody, Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { outcomeOf } from './support/load.ts';
import { AUTHORIZER_TOKEN, COMPONENT_TOKEN, expire, follower, type Tally, tally, USER_INFO } from './support/tally.ts';
import { until } from './support/until.ts';

const CALLERS = 200;
/** WeChat answers only when the story releases the answers. */
const STILL = 600_000;
const TOKEN_REFUSALS = [40001, 40014, 42001];

let deployment: Deployment;
let openid: string;
let first: Tally;
/** The number of refreshes that the stories so far required. */
const due = { component: 0, authorizer: 0 };

beforeAll(async () => {
  deployment = await Deployment.open({ gateways: 3, workers: 3 });
  await deployment.authorized();
  openid = await follower(deployment);
  await answered(callers(1));
  first = await tally(deployment);
});
afterAll(() => deployment.close());

it.each(TOKEN_REFUSALS)(
  'both tokens are refused (%i) under 200 callers: one refresh each, and every caller is answered',
  async (as) => {
    const before = await tally(deployment);
    await deployment.wechat.control('POST', '/delay', { path: USER_INFO, ms: STILL, count: 100 });
    const calls = callers(CALLERS);
    await until('a hundred calls are at WeChat', async () => (await asked(before, USER_INFO)) >= 100);
    await expire(deployment, ['authorizer', 'component'], as);
    await deployment.wechat.control('POST', '/release');
    await answered(calls);
    await refreshed(before, { component: 1, authorizer: 1 });
    const after = await tally(deployment);
    expect(after.answered(USER_INFO, as) - before.answered(USER_INFO, as)).toBeGreaterThan(0);
  },
);

it('only the account’s token is refused: the component’s stays', async () => {
  const before = await tally(deployment);
  await expire(deployment, ['authorizer']);
  await answered(callers(CALLERS));
  await refreshed(before, { component: 0, authorizer: 1 });
});

it('WeChat takes longer for the account’s token than a lease lasts: still one refresh', async () => {
  const before = await tally(deployment);
  await deployment.wechat.control('POST', '/delay', { path: AUTHORIZER_TOKEN, ms: 6_000 });
  await expire(deployment, ['authorizer']);
  await answered(callers(CALLERS));
  await deployment.wechat.control('DELETE', '/faults');
  await refreshed(before, { component: 0, authorizer: 1 });
  expect(await asked(before, AUTHORIZER_TOKEN)).toBe(1);
});

it('WeChat takes longer for the component’s token than a lease lasts: still one refresh', async () => {
  const before = await tally(deployment);
  await deployment.wechat.control('POST', '/delay', { path: COMPONENT_TOKEN, ms: 6_000 });
  await expire(deployment, ['authorizer', 'component']);
  await answered(callers(CALLERS));
  await deployment.wechat.control('DELETE', '/faults');
  await refreshed(before, { component: 1, authorizer: 1 });
  expect(await asked(before, COMPONENT_TOKEN)).toBe(1);
});

it('the tokens expire at WeChat while there are no calls: the next caller is answered after one refresh', async () => {
  const before = await tally(deployment);
  await expire(deployment, ['authorizer', 'component']);
  await answered(callers(1));
  await refreshed(before, { component: 1, authorizer: 1 });
  await answered(callers(3));
  await refreshed(before, { component: 1, authorizer: 1 }, 'again');
});

it('late callers with the old token do not end the new one', async () => {
  const before = await tally(deployment);
  await deployment.wechat.control('POST', '/delay', { path: USER_INFO, ms: STILL, count: 30 });
  const late = callers(30);
  await until('thirty calls are at WeChat', async () => (await asked(before, USER_INFO)) >= 30);
  await expire(deployment, ['authorizer']);
  await answered(callers(1));
  const between = await tally(deployment);
  // The others do not know yet that their token is refused.
  expect(between.answered(USER_INFO, 42001) - before.answered(USER_INFO, 42001)).toBe(1);
  expect(between.authorizerTokens - before.authorizerTokens).toBe(1);

  await deployment.wechat.control('POST', '/release');
  await answered(late);
  const after = await tally(deployment);
  expect(after.answered(USER_INFO, 42001) - before.answered(USER_INFO, 42001)).toBe(31);
  await refreshed(before, { component: 0, authorizer: 1 });
});

it('in total there were as many refreshes as refused tokens', async () => {
  const last = await tally(deployment);
  expect(last.componentTokens - first.componentTokens).toBe(due.component);
  expect(last.authorizerTokens - first.authorizerTokens).toBe(due.authorizer);
});

/** Programs that request the same user at once, distributed over the gateways. */
function callers(count: number): Promise<{ status: number; body: CallBody }>[] {
  const request = { method: 'GET', path: USER_INFO, query: { openid }, waitMs: 60_000 };
  return Array.from({ length: count }, (_, i) => deployment.call(SERVICE_ACCOUNT, request, i));
}

/** Every caller got the user, and none saw a refused token. */
async function answered(calls: Promise<{ status: number; body: CallBody }>[]): Promise<void> {
  const outcomes = await Promise.all(calls.map((call) => outcomeOf(deployment, call)));
  const wrong = outcomes.filter(({ state, response }) => state !== 'completed' || response?.body.openid !== openid);
  expect(wrong).toEqual([]);
}

async function asked(before: Tally, path: string): Promise<number> {
  return (await tally(deployment)).asked(path) - before.asked(path);
}

async function refreshed(
  before: Tally,
  times: { component: number; authorizer: number },
  counted?: 'again',
): Promise<void> {
  const after = await tally(deployment);
  expect({
    component: after.componentTokens - before.componentTokens,
    authorizer: after.authorizerTokens - before.authorizerTokens,
  }).toEqual(times);
  if (counted === 'again') return;
  due.component += times.component;
  due.authorizer += times.authorizer;
}
