import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseEnv, databases } from './support/database.ts';
import { Deployment } from './support/deployment.ts';
import { completed, exported, type FollowerBody, startSync } from './support/follower-syncs.ts';
import { until } from './support/until.ts';

const ACCOUNT = 'wx00000000000000f1';
const FOLLOWERS = 1_200;
/** The simulator's followers subscribed one a second from this time on. */
const FIRST_CAME_AT = 1_500_000_000_000;
const SCENE = 'ADD_SCENE_QR_CODE';

describe.each(databases)('on %s', (kind) => {
  let deployment: Deployment;
  let tag: number;
  let tagged: string[];
  let all: FollowerBody[];
  beforeAll(async () => {
    deployment = await Deployment.open({
      env: await databaseEnv(kind),
      accounts: [{ appid: ACCOUNT, kind: 'official-account', nickName: '读号', followers: FOLLOWERS }],
    });
    await deployment.authorized(ACCOUNT);
    const post = async (path: string, body: object) =>
      (await deployment.call(ACCOUNT, { method: 'POST', path, body })).body.response!.body as never;
    ({
      tag: { id: tag },
    } = (await post('/cgi-bin/tags/create', { tag: { name: '贵宾' } })) as { tag: { id: number } });
    const { openids } = await deployment.wechat.control<{ openids: string[] }>(
      'GET',
      `/followers?appid=${ACCOUNT}&offset=0&limit=40`,
    );
    tagged = openids.sort();
    await post('/cgi-bin/tags/members/batchtagging', { openid_list: tagged, tagid: tag });
    await post('/cgi-bin/user/info/updateremark', { openid: tagged[0], remark: '老客户,"=1+1"' });
    await completed(deployment, (await startSync(deployment, ACCOUNT)).id);
    all = await exported(deployment, ACCOUNT);
  });
  afterAll(() => deployment?.close());

  interface Page {
    readonly items: FollowerBody[];
    readonly next: string | null;
  }
  const page = async (query: string) =>
    (await deployment.api<Page>('GET', `/v1/authorizers/${ACCOUNT}/followers?${query}`)).body;

  async function paged(query: string): Promise<FollowerBody[]> {
    const items: FollowerBody[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const some: Page = await page(`limit=100&${query}${next === '' ? '' : `&cursor=${next}`}`);
      items.push(...some.items);
      next = some.next;
    }
    return items;
  }

  /** The rows of the CSV export as a spreadsheet reads them. */
  async function table(query: string): Promise<Record<string, string>[]> {
    const response = await fetch(`${deployment.gatewayUrl()}/v1/authorizers/${ACCOUNT}/followers.csv?${query}`, {
      headers: { authorization: `Bearer ${deployment.apiKey}` },
    });
    const [head = '', ...lines] = (await response.text()).trimEnd().split('\r\n');
    const columns = head.split(',');
    return lines.map((line) => {
      const cells = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!,
      );
      return Object.fromEntries(columns.map((column, i) => [column, cells[i]!]));
    });
  }

  const push = (event: 'subscribe' | 'unsubscribe', openid: string) =>
    deployment.wechat.control('POST', '/push', {
      ...{ url: 'messages', appid: ACCOUNT },
      fields: { FromUserName: openid, MsgType: 'event', Event: event },
    });

  it('are found by tag, by how they came, by when, and by all of these together, in every form of the list', async () => {
    expect(all).toHaveLength(FOLLOWERS);
    const since = new Date(FIRST_CAME_AT + 500_000);
    const late = (f: FollowerBody) => Date.parse(f.subscribedAt!) >= since.getTime();
    const filters: [string, (f: FollowerBody) => boolean][] = [
      [`tag=${tag}`, (f) => tagged.includes(f.openid)],
      [`scene=${SCENE}`, (f) => f.scene === SCENE],
      [`since=${since.toISOString()}`, late],
      ['subscribed=true', () => true],
      ['subscribed=false', () => false],
      [`scene=${SCENE}&since=${since.toISOString()}&subscribed=true`, (f) => f.scene === SCENE && late(f)],
      [`tag=${tag}&scene=${SCENE}`, (f) => tagged.includes(f.openid) && f.scene === SCENE],
    ];
    for (const [query, belongs] of filters) {
      const wanted = all.filter(belongs);
      if (query !== 'subscribed=false') expect(wanted.length, query).toBeGreaterThan(0);
      expect(await paged(query), query).toEqual(wanted);
      expect(await exported(deployment, ACCOUNT, `?${query}`), query).toEqual(wanted);
      expect(
        (await table(query)).map(({ openid }) => openid),
        query,
      ).toEqual(wanted.map(({ openid }) => openid));
    }
    const of = all.find(({ openid }) => openid === tagged[0])!;
    expect(of).toMatchObject({ tagIds: [tag], remark: '老客户,"=1+1"' });
  });

  it('have the same fields in each form', async () => {
    const rows = await table('');
    expect(rows).toHaveLength(all.length);
    for (const [i, row] of rows.entries()) {
      const follower = all[i]!;
      expect(Object.keys(row)).toEqual(Object.keys(follower));
      for (const [field, value] of Object.entries(follower)) {
        const cell = value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
        expect([field, row[field]]).toEqual([field, cell]);
      }
    }
  });

  it('keep their place while others subscribe and unsubscribe, and are counted', async () => {
    const first = await page('limit=500');
    const [left, gone] = [all[10]!.openid, all[1_000]!.openid];
    const [before, after] = [`${all[5]!.openid.slice(0, 27)}~`, `${all[1_100]!.openid.slice(0, 27)}~`];
    for (const openid of [left, gone]) await push('unsubscribe', openid);
    for (const openid of [before, after]) await push('subscribe', openid);
    const counts = async () =>
      (await deployment.api<Record<string, number>>('GET', `/v1/authorizers/${ACCOUNT}/followers/counts`)).body;
    await until('all four are known', async () => {
      const { total, unsubscribed } = await counts();
      return total === FOLLOWERS + 2 && unsubscribed === 2;
    });
    expect(await counts()).toEqual({ total: FOLLOWERS + 2, subscribed: FOLLOWERS, unsubscribed: 2 });
    const rest = await page(`limit=1000&cursor=${first.next}`);
    expect(rest.next).toBeNull();
    const seen = [...first.items, ...rest.items].map(({ openid }) => openid);
    const wanted = [...all.map(({ openid }) => openid), after].sort();
    expect(seen).toEqual(wanted);
    expect((await paged('subscribed=false')).map(({ openid }) => openid)).toEqual([left, gone].sort());

    const { body } = await deployment.api<{ items: { day: string; subscribed: number; unsubscribed: number }[] }>(
      'GET',
      `/v1/authorizers/${ACCOUNT}/followers/growth`,
    );
    expect(body.items).toHaveLength(30);
    // Midnight may have passed in between.
    const lately = body.items.slice(-2);
    expect(lately.reduce((sum, day) => sum + day.subscribed, 0)).toBe(2);
    expect(lately.reduce((sum, day) => sum + day.unsubscribed, 0)).toBe(2);
  });

  it('are paged only with cursors of ours', async () => {
    for (const query of ['cursor=!', 'cursor=5b6u5L-h', 'limit=1001', 'tag=-1', 'subscribed=yes', 'since=2026']) {
      expect([query, (await deployment.api('GET', `/v1/authorizers/${ACCOUNT}/followers?${query}`)).status]).toEqual([
        query,
        400,
      ]);
    }
  });
});
