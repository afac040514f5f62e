import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Child } from './support/child.ts';
import { type CallBody, Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { outcomeOf } from './support/load.ts';
import {
  AUTHORIZER_TOKEN,
  COMPONENT_TOKEN,
  componentVersion,
  expire,
  follower,
  type Tally,
  tally,
  USER_INFO,
} from './support/tally.ts';
import { until } from './support/until.ts';

/** WeChat answers only when the story releases the answers. */
const STILL = 600_000;

let deployment: Deployment;
let openid: string;
/** The only worker at the beginning of a story, so it does the refreshes. */
let first: Child;
let before: Tally;

beforeAll(async () => {
  deployment = await Deployment.open();
  await deployment.authorized();
  openid = await follower(deployment);
});
afterAll(() => deployment.close());

beforeEach(async () => {
  first = deployment.workers.find((worker) => worker.running)!;
  expect((await call()).body.state).toBe('completed');
  before = await tally(deployment);
});

afterEach(async () => {
  await deployment.wechat.control('DELETE', '/faults');
  // A worker that was frozen shuts down in order like any other.
  if (first.running) expect(await first.shutDown()).toBe(0);
});

it('a worker frozen while it refreshes is replaced, and when it resumes, its token changes nothing', async () => {
  // WeChat issues its token after that of the other worker.
  await slow(COMPONENT_TOKEN, STILL);
  await expire(deployment, ['authorizer', 'component']);
  const waiting = call();
  await arrived(COMPONENT_TOKEN, 1);
  const version = await componentVersion(deployment);
  await deployment.freeze(first);
  await takenOver(COMPONENT_TOKEN);
  expect((await outcomeOf(deployment, waiting)).state).toBe('completed');
  const newer = await componentVersion(deployment);
  expect(newer).toBeGreaterThan(version);

  await deployment.wechat.control('POST', '/release');
  await until('WeChat has issued a token to the frozen worker', async () => (await lent()).component === 2);
  first.thaw();
  await until('the first worker sees that its token is superseded', () =>
    refreshes(first, 'component').includes('superseded'),
  );
  expect(await componentVersion(deployment)).toBe(newer);
  expect((await call()).body.state).toBe('completed');
  expect(await lent()).toEqual({ component: 2, authorizer: 1 });
});

it('the same, and Redis loses everything while it is frozen', async () => {
  await slow(COMPONENT_TOKEN, STILL);
  await expire(deployment, ['authorizer', 'component']);
  const waiting = call();
  await arrived(COMPONENT_TOKEN, 1);
  const version = await componentVersion(deployment);
  await deployment.freeze(first);
  await deployment.redis.flush();
  await takenOver(COMPONENT_TOKEN);
  expect((await waiting).body.failure?.code).toBe('call_lost');
  const newer = await until('a new token is kept', async () => (await componentVersion(deployment)) || undefined);
  expect(newer).toBeGreaterThan(version);

  await deployment.wechat.control('POST', '/release');
  await until('WeChat has issued a token to the frozen worker', async () => (await lent()).component === 2);
  first.thaw();
  await until('the first worker sees that its token is superseded', () =>
    refreshes(first, 'component').includes('superseded'),
  );
  expect(await componentVersion(deployment)).toBe(newer);
  expect((await call()).body.state).toBe('completed');
  expect(await lent()).toEqual({ component: 2, authorizer: 1 });
});

it('a worker that resumes and receives a refusal keeps no caller from the token that another worker fetches', async () => {
  await slow(COMPONENT_TOKEN, 3_000);
  await deployment.wechat.control('POST', '/fail', { path: COMPONENT_TOKEN, how: 'errcode', errcode: -1 });
  await slow(COMPONENT_TOKEN, STILL);
  await expire(deployment, ['authorizer', 'component']);
  const waiting = call();
  await arrived(COMPONENT_TOKEN, 1);
  await deployment.freeze(first);
  await takenOver(COMPONENT_TOKEN);
  first.thaw();
  await until('the first worker receives the refusal', () => refreshes(first, 'component').includes('failed'));
  // The other worker's answer is still in flight.
  expect(await lent()).toEqual({ component: 0, authorizer: 0 });
  expect((await deployment.api('GET', '/v1/status')).body).toMatchObject({
    ready: true,
    components: [{ ready: true, reasons: [], token: { failure: null } }],
  });
  await deployment.wechat.control('POST', '/release');
  expect(await outcomeOf(deployment, waiting)).toMatchObject({ state: 'completed', failure: null });
  expect(await lent()).toEqual({ component: 1, authorizer: 1 });
});

it('a worker killed while it refreshes is replaced', async () => {
  await slow(AUTHORIZER_TOKEN, STILL);
  await expire(deployment, ['authorizer']);
  const waiting = call();
  await arrived(AUTHORIZER_TOKEN, 1);
  await first.kill();
  await takenOver(AUTHORIZER_TOKEN);
  expect((await outcomeOf(deployment, waiting)).state).toBe('completed');
  expect(await lent()).toEqual({ component: 0, authorizer: 1 });
});

/** A caller that needs the account's token, and for its refresh the component's. */
function call(): Promise<{ status: number; body: CallBody }> {
  return deployment.call(SERVICE_ACCOUNT, { method: 'GET', path: USER_INFO, query: { openid }, waitMs: 60_000 });
}

/** WeChat holds the next request, and executes it only when it is released. */
function slow(path: string, ms: number): Promise<unknown> {
  return deployment.wechat.control('POST', '/delay', { path, ms, count: 1 });
}

async function lent(): Promise<{ component: number; authorizer: number }> {
  const now = await tally(deployment);
  return {
    component: now.componentTokens - before.componentTokens,
    authorizer: now.authorizerTokens - before.authorizerTokens,
  };
}

function arrived(path: string, times: number): Promise<unknown> {
  return until(
    `WeChat is asked ${path} ${times} times`,
    async () => (await tally(deployment)).asked(path) - before.asked(path) >= times,
  );
}

/** A second worker starts at the moment the first one stops, and asks WeChat in its place. */
async function takenOver(path: string): Promise<void> {
  deployment.startWorker();
  await arrived(path, 2);
}

/** How the refreshes of one kind of token ended in one worker, as it logs them. */
function refreshes(worker: Child, kind: string): unknown[] {
  return worker
    .lines()
    .filter((line) => line.msg === 'refresh' && line.kind === kind)
    .map((line) => line.outcome);
}
