import type { Follower, FollowerFilter } from '@wxthirdparty/platform';
import { expect, it } from 'vitest';
import { ACCOUNT, fakePlatform } from './fake-platform.ts';
import { bearer, openGateway } from './open-gateway.ts';

const follower = (openid: string, remark: string | null = null): Follower => ({
  openid,
  subscribed: true,
  subscribedAt: new Date('2026-11-22T10:00:00Z'),
  unsubscribedAt: null,
  unionid: null,
  remark,
  tagIds: [2, 134],
  scene: 'ADD_SCENE_SEARCH',
  extra: { groupid: 0 },
});

async function* pages(...some: (readonly Follower[])[]) {
  yield* some;
}

it('exports the same fields as NDJSON and as CSV, in which no spreadsheet runs a formula', async () => {
  const platform = fakePlatform();
  const all = [[follower('oA', '=cmd()')], [follower('oB', 'say "hi"')]];
  platform.followers = { ...platform.followers, stream: async () => pages(...all) as never };
  const gateway = await openGateway(platform);
  const read = async (path: string) => {
    const response = await fetch(`${gateway.url}/v1/authorizers/${ACCOUNT}/${path}`, { headers: bearer });
    return { type: response.headers.get('content-type'), text: await response.text() };
  };
  const csv = await read('followers.csv');
  expect(csv.type).toContain('text/csv');
  const rest = '"[2,134]",ADD_SCENE_SEARCH,"{""groupid"":0}"';
  expect(csv.text.split('\r\n')).toEqual([
    'openid,subscribed,subscribedAt,unsubscribedAt,unionid,remark,tagIds,scene,extra',
    `oA,true,2026-11-22T10:00:00.000Z,,,"'=cmd()",${rest}`,
    `oB,true,2026-11-22T10:00:00.000Z,,,"say ""hi""",${rest}`,
    '',
  ]);
  const ndjson = await read('followers.ndjson');
  expect(ndjson.type).toContain('application/x-ndjson');
  const lines = ndjson.text.trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual(JSON.parse(JSON.stringify(all.flat())));
});

it.each([
  ['2026-11-22T10:00:00Z', '2026-11-22T10:00:00.000Z'],
  ['2026-11-22T10:00:00%2B08:00', '2026-11-22T02:00:00.000Z'],
  ['2026-11-22', '2026-11-21T16:00:00.000Z'],
])('since=%s is %s: a date alone is a day in Beijing', async (since, expected) => {
  const platform = fakePlatform();
  const filters: FollowerFilter[] = [];
  const list = (_appid: string, _component: string | undefined, filter: FollowerFilter) => {
    filters.push(filter);
    return Promise.resolve({ items: [], next: null });
  };
  platform.followers = { ...platform.followers, list };
  const gateway = await openGateway(platform);
  const url = `${gateway.url}/v1/authorizers/${ACCOUNT}/followers?since=${since}`;
  expect((await fetch(url, { headers: bearer })).status).toBe(200);
  expect(filters.map((filter) => filter.since?.toISOString())).toEqual([expected]);
});

it('reads no further than the caller, and stops when the caller disconnects', async () => {
  const platform = fakePlatform();
  let asked = 0;
  const ended = Promise.withResolvers<void>();
  // Some 40 MB at once, far more than the sockets' buffers.
  const some = Array.from({ length: 10_000 }, () => follower('oA', 'x'.repeat(4_000)));
  async function* long() {
    try {
      while (asked < 5) {
        asked++;
        yield some;
      }
    } finally {
      ended.resolve();
    }
  }
  platform.followers = { ...platform.followers, stream: async () => long() };
  const gateway = await openGateway(platform);
  const caller = new AbortController();
  const response = await fetch(`${gateway.url}/v1/authorizers/${ACCOUNT}/followers.ndjson`, {
    headers: bearer,
    signal: caller.signal,
  });
  const reader = response.body!.getReader();
  for (let read = 0; read < 8_000_000; ) {
    read += (await reader.read()).value!.length;
    expect(asked).toBe(1);
  }
  while (asked < 3) await reader.read();
  caller.abort();
  await ended.promise;
});

it.each([
  ['followers?limit=0', 'limit'],
  ['followers?subscribed=maybe', 'subscribed'],
  ['followers?since=yesterday', 'since'],
  ['followers?tag=x', 'tag'],
  ['followers/growth?from=2026-02-30', 'from'],
  ['followers/growth?from=2020-01-01&to=2026-01-01', 'days'],
])('names the fault of %s', async (path, word) => {
  const gateway = await openGateway(fakePlatform());
  const response = await fetch(`${gateway.url}/v1/authorizers/${ACCOUNT}/${path}`, { headers: bearer });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: 'invalid_request', detail: expect.stringContaining(word) });
});
