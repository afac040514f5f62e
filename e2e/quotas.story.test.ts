import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { untilDayLasts } from '../packages/platform/test/until-day-lasts.ts';
import { allSettled, batchIds, find } from './support/call-terms.ts';
import { type CallBody, Deployment } from './support/deployment.ts';
import { EventStream } from './support/event-stream.ts';
import { DAY_MS, isPeriodEnd } from './support/period-end.ts';
import { COMPONENT_TOKEN } from './support/tally.ts';
import { until } from './support/until.ts';

/** Each story has an account of its own, because quotas are per account. */
const accounts = {
  learned: 'wx00000000000000a1',
  slow: 'wx00000000000000a2',
  warned: 'wx00000000000000a3',
  rated: 'wx00000000000000a4',
  cleared: 'wx00000000000000a5',
  refused: 'wx00000000000000a6',
  unclear: 'wx00000000000000a7',
} as const;
/** An API without a documented limit. */
const DETAILS = '/cgi-bin/user/info/batchget';
/** An API with a limit of ten a day. */
const DELETE_MASS = '/cgi-bin/message/mass/delete';
const ASK_QUOTA = '/cgi-bin/openapi/quota/get';
const CLEAR = '/cgi-bin/clear_quota';
const PRE_AUTH = '/cgi-bin/component/api_create_preauthcode';
/** Between Redis' clock and that of a process. */
const CLOCK_TOLERANCE_MS = 1_000;
/** The "minute" of the simulated WeChat, so that the story need not wait for one. */
const PERIOD_MS = 10_000;
const CALLS_IN_PERIOD = 30;

interface Quota {
  readonly path: string;
  readonly used: number;
  readonly limit: number | null;
  readonly remaining: number | null;
  readonly source: string | null;
  readonly closedUntil: string | null;
  readonly exhaustedAt: string | null;
  readonly minute: { readonly used: number; readonly limit: number; readonly seconds: number } | null;
}

interface Clear {
  readonly cleared?: boolean;
  readonly usedThisMonth?: number;
  readonly remainingThisMonth?: number;
  readonly code?: string;
  readonly closedUntil?: string;
}

let deployment: Deployment;
const openids: Record<string, string> = {};

beforeEach(() => untilDayLasts(60_000));

beforeAll(async () => {
  // Some stories continue the counts of others.
  await untilDayLasts(180_000);
  deployment = await Deployment.open({
    gateways: 2,
    workers: 2,
    accounts: Object.entries(accounts).map(([nickName, appid]) => ({
      ...{ appid, kind: 'official-account' as const, nickName, followers: 2 },
    })),
  });
  for (const appid of Object.values(accounts)) {
    await deployment.authorized(appid);
    const list = await deployment.wechat.control<{ openids: string[] }>('GET', `/followers?appid=${appid}&limit=1`);
    openids[appid] = list.openids[0]!;
  }
});
afterAll(() => deployment?.close());
afterEach(() => deployment.wechat.control('DELETE', '/faults'));

const details = (appid: string) => ({
  ...{ method: 'POST', path: DETAILS },
  body: { user_list: [{ openid: openids[appid], lang: 'zh_CN' }] },
});

/** Makes this many calls, one after the other; returns WeChat's errcodes. */
async function callTimes(appid: string, count: number, call: { method: string; path: string; body?: unknown }) {
  const errcodes: unknown[] = [];
  for (let i = 0; i < count; i++) {
    const { status, body } = await deployment.call(appid, { ...call, waitMs: 60_000 }, i % 2);
    errcodes.push(status === 200 ? (body.response?.body.errcode ?? 0) : body.code);
  }
  return errcodes;
}

const zeros = (count: number) => Array.from({ length: count }, () => 0);
const limit = (appid: string, path: string, change: object) =>
  deployment.wechat.control('POST', '/quota', { appid, path, ...change });

async function quotas(appid: string): Promise<Map<string, Quota>> {
  const where = appid === deployment.component.appid ? 'components' : 'authorizers';
  const { body } = await deployment.api<{ items: Quota[]; next: null }>('GET', `/v1/${where}/${appid}/quotas`);
  return new Map(body.items.map((item) => [item.path, item]));
}

const learned = (appid: string, path: string) =>
  until(`the quota of ${path} is learned`, async () => {
    const quota = (await quotas(appid)).get(path);
    return quota?.source === 'wechat' && quota;
  });

const clear = (appid: string, gateway = 0) =>
  deployment.api<Clear>('POST', `/v1/authorizers/${appid}/quotas/clear`, {}, gateway);

async function askedFor(path: string, appid: string): Promise<number> {
  return (await deployment.wechat.counters()).byAccount[appid]?.[`POST ${path}`] ?? 0;
}

describe('an undocumented limit', () => {
  const appid = accounts.learned;

  it('is learned from WeChat once the API is in use, with what others used, and asked about once', async () => {
    // The merchant's own programs have used a part before.
    await limit(appid, DETAILS, { daily: 1_000, used: 300 });
    expect(await callTimes(appid, 19, details(appid))).toEqual(zeros(19));
    expect((await quotas(appid)).get(DETAILS)).toMatchObject({ used: 19, limit: null, remaining: null, source: null });
    expect(await askedFor(ASK_QUOTA, appid)).toBe(0);
    expect(await callTimes(appid, 1, details(appid))).toEqual([0]);
    expect(await learned(appid, DETAILS)).toMatchObject({ used: 320, limit: 1_000, remaining: 680, closedUntil: null });
    expect(await callTimes(appid, 15, details(appid))).toEqual(zeros(15));
    expect((await quotas(appid)).get(DETAILS)).toMatchObject({ used: 335, remaining: 665 });
    expect(await askedFor(ASK_QUOTA, appid)).toBe(1);
  });

  it('is reported with every answer, as the number of remaining calls', async () => {
    const { headers, body } = await deployment.api<CallBody>('POST', `/v1/authorizers/${appid}/calls`, details(appid));
    expect(headers.get('x-wx-quota-remaining')).toBe('664');
    expect(body.quota).toMatchObject({ used: 336, limit: 1_000, remaining: 664 });
    const again = await deployment.api<CallBody>('GET', `/v1/calls/${body.id}`);
    expect(again.headers.get('x-wx-quota-remaining')).toBe('664');

    const query = new URLSearchParams({ grant_type: 'client_credential', appid, secret: deployment.apiKey });
    const lent = (await (await fetch(`${deployment.gatewayUrl()}/cgi-bin/token?${query}`)).json()) as {
      access_token: string;
    };
    const ask = async (path: string, method: string, sent?: unknown) => {
      const url = `${deployment.gatewayUrl()}${path}?access_token=${encodeURIComponent(lent.access_token)}`;
      const response = await fetch(url, sent === undefined ? { method } : { method, body: JSON.stringify(sent) });
      return { remaining: response.headers.get('x-wx-quota-remaining'), bytes: await response.text() };
    };
    const virtual = await ask(DETAILS, 'POST', details(appid).body);
    expect(virtual.remaining).toBe('663');
    expect(JSON.parse(virtual.bytes)).toEqual(body.response?.body);
    // The limit of this API is unknown.
    expect((await ask('/cgi-bin/getcallbackip', 'GET')).remaining).toBeNull();
  });
});

it('the lookup of quotas delays no call, and a quota that WeChat does not report is not looked up again', async () => {
  const appid = accounts.slow;
  await deployment.wechat.control('POST', '/delay', { path: ASK_QUOTA, appid, ms: 600_000 });
  await callTimes(appid, 20, details(appid));
  await until('WeChat is asked', async () => (await askedFor(ASK_QUOTA, appid)) === 1);
  expect(await callTimes(appid, 5, details(appid))).toEqual(zeros(5));
  expect((await quotas(appid)).get(DETAILS)?.source).toBeNull();
  await deployment.wechat.control('DELETE', '/faults');
  await deployment.wechat.control('POST', '/release');
  await learned(appid, DETAILS);

  // The simulated WeChat has no such API and reports no quota.
  const unheard = { method: 'POST', path: '/cgi-bin/unheard/of', body: {} };
  await callTimes(appid, 20, unheard);
  await until('WeChat is asked', async () => (await askedFor(ASK_QUOTA, appid)) === 2);
  await callTimes(appid, 5, unheard);
  // The quota of a login is not even looked up.
  expect(await askedFor(ASK_QUOTA, appid)).toBe(2);
  const { used, limit } = (await quotas(appid)).get(unheard.path)!;
  expect(limit).toBeNull();
  // A departure that is repeated, because its reply was lost, counts twice.
  expect(used).toBeGreaterThanOrEqual(25);
});

it('four fifths and all of a quota are reported once: in the log, and as events of a stream that can be resumed', async () => {
  const appid = accounts.warned;
  const url = `${deployment.gatewayUrl()}/v1/quotas/events`;
  const stream = await EventStream.open(url, deployment.apiKey);
  const call = { method: 'POST', path: DELETE_MASS, body: { msg_id: 1 } };
  const startedAt = Date.now();
  await callTimes(appid, 8, call);
  const warning = await until('the warning is reported', () => stream.seen[0]);
  const expected = { component: deployment.component.appid, appid, path: DELETE_MASS };
  expect(warning).toMatchObject({ event: 'quota.warning', data: { ...expected, used: 8, limit: 10 } });
  const at = Date.parse(String(warning.data.at));
  expect(at).toBeGreaterThan(startedAt - CLOCK_TOLERANCE_MS);
  expect(at).toBeLessThan(Date.now() + CLOCK_TOLERANCE_MS);

  const errcodes = await callTimes(appid, 5, call);
  expect(errcodes.slice(2)).toEqual([45009, 'quota_closed', 'quota_closed']);
  await until('the end is reported', () => stream.seen[1]);
  // A subscriber that was disconnected receives from another gateway the events that it missed, and no others.
  const missed = await EventStream.open(`${deployment.gatewayUrl(1)}/v1/quotas/events`, deployment.apiKey, warning.id);
  await until('the rest is reported', () => missed.seen[0]);
  for (const { event, data } of [missed.seen[0]!, stream.seen[1]!]) {
    expect([event, data]).toMatchObject(['quota.exhausted', { ...expected, used: 10, limit: 10 }]);
  }
  expect([stream.seen.length, missed.seen.length]).toEqual([2, 1]);
  // Any of the workers may have logged it.
  const lines = () => deployment.workers.flatMap((worker) => worker.lines()).filter(({ path }) => path === DELETE_MASS);
  // That WeChat has refused a call is a line of its own.
  const isLevel = ({ level, used }: Record<string, unknown>) => level === 40 && (used === 8 || used === 10);
  const warnings = () => lines().filter(isLevel);
  await until('both stand in the log', () => warnings().length >= 2);
  expect(warnings().toSorted((one, other) => Number(one.used) - Number(other.used))).toMatchObject([
    { ...expected, used: 8, limit: 10, msg: 'four fifths of a quota are used' },
    { ...expected, used: 10, limit: 10, msg: 'a quota is used up' },
  ]);
  const quota = (await quotas(appid)).get(DELETE_MASS)!;
  // The refused call departed, too.
  expect(quota).toMatchObject({ used: 11, limit: 10, remaining: 0, closedUntil: expect.any(String) });

  // A key for another account receives no events of this one, and a key for certain paths is refused.
  const key = async (input: object) => {
    const made = await deployment.api<{ key: string }>('POST', '/v1/keys', { name: 'k', scopes: ['calls'], ...input });
    return made.body.key;
  };
  const others = await EventStream.open(url, await key({ accounts: [accounts.learned] }), '0');
  const mine = await EventStream.open(url, await key({ accounts: [appid] }), '0');
  await until('events of the own account arrive', () => mine.seen.length === 2);
  expect(others.seen).toEqual([]);
  const refused = await EventStream.open(url, await key({ paths: [DETAILS] })).catch((error: Error) => error.message);
  expect(refused).toContain('403');
  await Promise.all([stream, missed, others, mine].map((one) => one.close()));
});

it('a rate limit delays calls before WeChat refuses them, and permits them in the next period', async () => {
  const appid = accounts.rated;
  await limit(appid, DETAILS, { minute: 500, componentMinute: CALLS_IN_PERIOD, seconds: PERIOD_MS / 1_000 });
  await callTimes(appid, 20, details(appid));
  expect((await learned(appid, DETAILS)).minute).toMatchObject({ limit: CALLS_IN_PERIOD, seconds: PERIOD_MS / 1_000 });
  const ids = await batchIds(
    deployment,
    Array.from({ length: 70 }, () => ({ appid, ...details(appid) })),
  );
  const { parked, askedAt } = await until('the rest is parked', async () => {
    const askedAt = Date.now();
    const call = await find(deployment, ids.at(-1)!);
    return call.state === 'delayed' && { parked: call, askedAt };
  });
  const closedUntil = String(parked.quota?.closedUntil);
  expect(closedUntil).toSatisfy((at: string) => isPeriodEnd(at, PERIOD_MS, askedAt));
  expect(Date.parse(closedUntil)).toBeLessThanOrEqual(Date.now() + PERIOD_MS);
  // A period may end at any moment, after which a caller need not wait.
  const refused = await until('a caller comes while it is closed', async () => {
    const { status, body } = await deployment.call(appid, details(appid));
    return status === 429 && { status, body };
  });
  expect(refused.body).toMatchObject({ code: 'quota_closed', closedUntil: expect.any(String) });
  const calls = await allSettled(deployment, ids);
  expect(calls.map(({ response }) => response?.body.errcode ?? 0)).toEqual(zeros(70));
  // By Redis' clock. What reaches WeChat more than a second late may count there in the next period, and may be refused.
  const departures = calls.flatMap(({ timeline }) => timeline!.filter(({ event }) => event === 'sent'));
  const inPeriods = Map.groupBy(departures, ({ at }) => Math.floor(Date.parse(at) / PERIOD_MS));
  expect(Math.max(...[...inPeriods.values()].map(({ length }) => length))).toBeLessThanOrEqual(CALLS_IN_PERIOD);
});

describe('a clear', () => {
  const appid = accounts.cleared;

  it('reopens closed APIs, wakes the waiting calls, and is counted', async () => {
    await limit(appid, DETAILS, { daily: 60 });
    expect(await callTimes(appid, 45, details(appid))).toEqual(zeros(45));
    await learned(appid, DETAILS);
    // The merchant's own programs have used the rest.
    await limit(appid, DETAILS, { used: 60 });
    expect(await callTimes(appid, 2, details(appid))).toEqual([45009, 'quota_closed']);
    expect((await quotas(appid)).get(DETAILS)).toMatchObject({ remaining: 0, closedUntil: expect.any(String) });
    const ids = await batchIds(
      deployment,
      Array.from({ length: 25 }, () => ({ appid, ...details(appid) })),
    );
    await until('they wait', async () => (await find(deployment, ids[0]!)).state === 'delayed');

    const { status, body } = await clear(appid);
    expect([status, body]).toEqual([200, { cleared: true, usedThisMonth: 1, remainingThisMonth: 9 }]);
    const calls = await allSettled(deployment, ids);
    expect(calls.map(({ response }) => response?.body.errcode ?? 0)).toEqual(zeros(25));
    const quota = (await quotas(appid)).get(DETAILS)!;
    expect(quota).toMatchObject({ used: 25, limit: 60, remaining: 35, closedUntil: null });
    // More than sixty days ago, whatever the date of the run.
    const inMs = Date.parse(quota.exhaustedAt!) - Date.now();
    expect(inMs).toBeGreaterThan(0);
    expect(inMs).toBeLessThan(48 * 3600_000);
  });

  it('is refused when ten are used, without a request to WeChat, and is in the audit', async () => {
    for (let used = 2; used <= 10; used++) {
      const { body } = await clear(appid, used % 2);
      expect(body).toMatchObject({ usedThisMonth: used, remainingThisMonth: 10 - used });
    }
    const askedAt = Date.now();
    const { status, body } = await clear(appid);
    expect([status, body.code]).toEqual([429, 'quota_closed']);
    expect(body.closedUntil).toSatisfy((at: string) => isPeriodEnd(at, DAY_MS, askedAt));
    const there = new Date(Date.parse(body.closedUntil!) + 8 * 3600_000 + CLOCK_TOLERANCE_MS);
    expect(there.toISOString()).toMatch(/^\d{4}-\d{2}-01T/);
    expect(there.getTime()).toBeGreaterThan(Date.now());
    expect(await askedFor(CLEAR, appid)).toBe(10);
    await until('all are in the audit', async () => {
      const audit = await deployment.api<{ items: { action: string }[] }>('GET', '/v1/audit');
      return audit.body.items.filter(({ action }) => action.includes('quotas/clear')).length >= 11;
    });
  });

  it('that WeChat refuses because other programs used all ten sets the count', async () => {
    await deployment.wechat.control('POST', '/fail', {
      path: CLEAR,
      how: 'errcode',
      errcode: 48006,
      appid: accounts.refused,
    });
    expect(await clear(accounts.refused)).toMatchObject({ status: 429, body: { code: 'quota_closed' } });
    expect(await clear(accounts.refused, 1)).toMatchObject({ status: 429, body: { code: 'quota_closed' } });
    expect(await askedFor(CLEAR, accounts.refused)).toBe(1);
  });

  it('with an unknown outcome is reported as such, and not repeated', async () => {
    await deployment.wechat.control('POST', '/fail', {
      path: CLEAR,
      how: 'reset',
      at: 'after',
      appid: accounts.unclear,
    });
    expect(await clear(accounts.unclear)).toMatchObject({ status: 503, body: { code: 'outcome_unknown' } });
    expect(await askedFor(CLEAR, accounts.unclear)).toBe(1);
  });

  it('needs a key for operators', async () => {
    const { body } = await deployment.api<{ key: string }>('POST', '/v1/keys', {
      name: 'k',
      scopes: ['authorizers:write'],
    });
    const response = await fetch(`${deployment.gatewayUrl()}/v1/authorizers/${appid}/quotas/clear`, {
      ...{ method: 'POST', headers: { authorization: `Bearer ${body.key}` } },
    });
    expect(response.status).toBe(403);
  });

  it('by a program of the merchant’s own, through the virtual WeChat, is counted, too', async () => {
    const { learned: account } = accounts;
    const before = (await quotas(account)).get(DETAILS)!;
    expect(before.used).toBeGreaterThan(300);
    await callTimes(account, 1, { method: 'POST', path: CLEAR, body: { appid: account } });
    expect((await quotas(account)).get(DETAILS)).toMatchObject({ used: 0, limit: 1_000, remaining: 1_000 });
    expect((await clear(account)).body).toMatchObject({ usedThisMonth: 2 });
  });
});

it('the command line shows quotas as a table', async () => {
  const { port } = new URL(deployment.gatewayUrl());
  const command = deployment.command(['quotas', accounts.warned], { PORT: port });
  expect(await command.ended()).toBe(0);
  const lines = command.output.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^PATH +USED +LIMIT +LEFT$/);
  expect(lines.find((line) => line.startsWith(DELETE_MASS))).toMatch(
    / 11 +10 +0 {2}closed until \d{4}-\d\d-\d\d 00:00$/,
  );
  const own = deployment.command(['quotas', deployment.component.appid, `--component=${deployment.component.appid}`], {
    PORT: port,
  });
  expect(await own.ended()).toBe(0);
  expect(own.output).toContain(COMPONENT_TOKEN);
  expect(await deployment.command(['quotas']).ended()).toBe(2);
});

describe('the component’s own budget', () => {
  const page = () => fetch(`${deployment.gatewayUrl()}/authorize/${deployment.component.appid}`);

  it('is shown for each path', async () => {
    // On a busy machine an exchange may be repeated, because its job is taken over.
    for (const path of [COMPONENT_TOKEN, '/cgi-bin/component/api_query_auth']) {
      await until(`the use of ${path} is shown`, async () => {
        const used = (await quotas(deployment.component.appid)).get(path)?.used ?? 0;
        return used > 0 && used === (await deployment.wechat.asked(`POST ${path}`));
      });
    }
    const pages = await deployment.api<{ items: Quota[]; next: string }>(
      ...(['GET', `/v1/components/${deployment.component.appid}/quotas?limit=1`] as const),
    );
    expect([pages.body.items.length, pages.body.next]).toEqual([1, pages.body.items[0]!.path]);
    expect(await deployment.api('GET', '/v1/components/wxnobody/quotas')).toMatchObject({ status: 404 });
  });

  it('is respected when it is closed, and reopened by a clear with the secret, even when no token is available', async () => {
    const { appid } = deployment.component;
    expect((await page()).status).toBe(200);
    await limit(appid, PRE_AUTH, { daily: 50, used: 50 });
    expect((await page()).status).toBe(429);
    const asked = await deployment.wechat.asked(`POST ${PRE_AUTH}`);
    for (let i = 0; i < 3; i++) expect((await page()).status).toBe(429);
    expect(await deployment.wechat.asked(`POST ${PRE_AUTH}`)).toBe(asked);
    expect((await quotas(appid)).get(PRE_AUTH)?.closedUntil).toEqual(expect.any(String));

    await limit(appid, COMPONENT_TOKEN, { used: 2_000 });
    await deployment.wechat.control('POST', '/expire', { token: 'component', as: 42001 });
    // A call discovers that the token is refused.
    await deployment.api('POST', `/v1/components/${appid}/calls`, {
      ...{ method: 'POST', path: '/cgi-bin/component/api_get_authorizer_list', body: { offset: 0, count: 1 } },
      waitMs: 60_000,
    });
    await until('no token can be had', async () => {
      const { body } = await deployment.api<{ components: { reasons: string[] }[] }>('GET', '/v1/status');
      return body.components[0]!.reasons.includes('component_token_failing');
    });
    expect((await quotas(appid)).get(COMPONENT_TOKEN)?.closedUntil).toEqual(expect.any(String));

    const { status, body } = await deployment.api<Clear>('POST', `/v1/components/${appid}/quotas/clear`, {});
    expect([status, body]).toEqual([200, { cleared: true, usedThisMonth: 1, remainingThisMonth: 9 }]);
    await deployment.ready();
    expect((await page()).status).toBe(200);
  });
});
