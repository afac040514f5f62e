import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseEnv, databases, inDatabase } from './support/database.ts';
import { Deployment } from './support/deployment.ts';
import { EventStream } from './support/event-stream.ts';
import {
  BATCH,
  BATCHES_IN_FLIGHT,
  completed,
  exported,
  follower,
  followersAtWeChat,
  interruptedSlices,
  LIST,
  readSync,
  type SyncBody,
  startSync,
  syncReaches,
} from './support/follower-syncs.ts';
import { until } from './support/until.ts';

const BIG = 'wx00000000000000c3';
const SMALL = 'wx00000000000000c4';
const EMPTY = 'wx00000000000000c5';
const STEERED = 'wx00000000000000c6';
const SHIFTING = 'wx00000000000000c7';
const BATCH_PATH = '/cgi-bin/user/info/batchget';
const FOLLOWERS = 25_000;
const HOUR_MS = 3_600_000;
/** WeChat answers only when the story releases the answers. */
const STILL = 600_000;

describe.each(databases)('on %s', (kind) => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await Deployment.open({
      env: await databaseEnv(kind),
      accounts: [
        { appid: BIG, kind: 'official-account', nickName: '大号', followers: FOLLOWERS },
        { appid: SMALL, kind: 'official-account', nickName: '小号', followers: 340 },
        { appid: EMPTY, kind: 'official-account', nickName: '空号', followers: 0 },
        { appid: STEERED, kind: 'official-account', nickName: '慢号', followers: 5_000 },
        { appid: SHIFTING, kind: 'official-account', nickName: '变号', followers: FOLLOWERS },
      ],
    });
    for (const appid of [BIG, SMALL, EMPTY, STEERED, SHIFTING]) await deployment.authorized(appid);
  });
  afterAll(() => deployment?.close());

  const push = (appid: string, event: 'subscribe' | 'unsubscribe', openid: string, createTime?: number) =>
    deployment.wechat.control('POST', '/push', {
      url: 'messages',
      appid,
      fields: {
        ...{ FromUserName: openid, MsgType: 'event', Event: event },
        ...(createTime === undefined ? {} : { CreateTime: createTime }),
      },
    });
  const silently = (appid: string, change: { subscribe?: string[]; unsubscribe?: string[]; foreign?: string[] }) =>
    deployment.wechat.control('POST', '/followers', { appid, ...change });
  const pushed = (appid: string, openid: string, subscribed: boolean) =>
    until(
      `${openid} ${subscribed}`,
      async () => (await follower(deployment, appid, openid))?.subscribed === subscribed,
    );

  describe('a whole sync', () => {
    it('copies every follower with details, one sync at a time, with no more requests to WeChat than necessary', async () => {
      // It cannot end before the second request.
      await deployment.freeze(deployment.workers[0]!);
      let sync: SyncBody;
      try {
        sync = await startSync(deployment, BIG);
        expect(sync).toMatchObject({
          phase: 'listing',
          listed: 0,
          detailed: 0,
          total: null,
          finishedAt: null,
          error: null,
        });
        const again = await deployment.api<SyncBody>('POST', `/v1/authorizers/${BIG}/follower-syncs`, {
          details: true,
        });
        expect(again).toMatchObject({ status: 200, body: { id: sync.id } });
      } finally {
        deployment.workers[0]!.thaw();
      }

      expect(await completed(deployment, sync.id)).toMatchObject({
        phase: 'finishing',
        listed: FOLLOWERS,
        detailed: FOLLOWERS,
        total: FOLLOWERS,
        error: null,
      });
      const followers = await exported(deployment, BIG);
      expect(followers.map((f) => f.openid)).toEqual(await followersAtWeChat(deployment, BIG));
      expect(followers.every((f) => f.subscribed && f.subscribedAt !== null && f.scene !== null)).toBe(true);
      expect(followers[0]).toMatchObject({
        remark: '',
        tagIds: [],
        extra: { language: 'zh_CN', groupid: 0, qr_scene: 0 },
      });
      const asked = (await deployment.wechat.counters()).byAccount[BIG]!;
      // Three pages and the empty one that ends the list; 250 batches, and a short one at the end of each bucket.
      const cut = await interruptedSlices(deployment, sync.id);
      expect(asked[LIST]! - 4).toBeLessThanOrEqual(cut);
      expect(asked[BATCH]).toBeGreaterThanOrEqual(250);
      expect(asked[BATCH]).toBeLessThanOrEqual(255 + cut * BATCHES_IN_FLIGHT);
    });

    it('is counted as calls are', async () => {
      const call = await deployment.call(BIG, { method: 'GET', path: '/cgi-bin/user/get' });
      const used = (await deployment.wechat.counters()).byAccount[BIG]![LIST]!;
      expect(used).toBeGreaterThanOrEqual(5);
      expect(call.body.quota).toMatchObject({ used, limit: 500 });
    });

    it('yields the same followers in pages, as lines, as a table and as counts', async () => {
      const openids: string[] = [];
      for (let next: string | null = ''; next !== null; ) {
        const cursor: string = next === '' ? '' : `&cursor=${next}`;
        const { body } = await deployment.api<{ items: { openid: string }[]; next: string | null }>(
          'GET',
          `/v1/authorizers/${BIG}/followers?limit=1000${cursor}`,
        );
        openids.push(...body.items.map((item) => item.openid));
        next = body.next;
      }
      const all = await exported(deployment, BIG);
      expect(openids).toEqual(all.map((f) => f.openid));

      const csv = await fetch(
        `${deployment.gatewayUrl()}/v1/authorizers/${BIG}/followers.csv?scene=ADD_SCENE_QR_CODE`,
        {
          headers: { authorization: `Bearer ${deployment.apiKey}` },
        },
      );
      const [head, ...lines] = (await csv.text()).trimEnd().split('\r\n');
      expect(head).toBe('openid,subscribed,subscribedAt,unsubscribedAt,unionid,remark,tagIds,scene,extra');
      const scanned = all.filter((f) => f.scene === 'ADD_SCENE_QR_CODE');
      expect(lines.map((line) => line.split(',')[0])).toEqual(scanned.map((f) => f.openid));

      const counts = await deployment.api('GET', `/v1/authorizers/${BIG}/followers/counts`);
      expect(counts.body).toEqual({ total: FOLLOWERS, subscribed: FOLLOWERS, unsubscribed: 0 });
      const growth = await deployment.api(
        'GET',
        `/v1/authorizers/${BIG}/followers/growth?from=2017-07-13&to=2017-07-14`,
      );
      // The simulator's followers subscribed one a second from 2017-07-14 02:40 UTC on.
      expect(growth.body).toEqual({
        next: null,
        items: [
          { day: '2017-07-13', subscribed: 0, unsubscribed: 0 },
          { day: '2017-07-14', subscribed: FOLLOWERS, unsubscribed: 0 },
        ],
      });
    });

    it('of a list that shifts while it is read misses no follower, and lists none twice', async () => {
      const { openids } = await deployment.wechat.control<{ openids: string[] }>(
        'GET',
        `/followers?appid=${SHIFTING}&offset=0&limit=${FOLLOWERS}`,
      );
      const [listed, unlisted] = [openids[5]!, openids[24_000]!];
      const late = 'oCameWhileTheListWasReadCame';
      const aim = { path: '/cgi-bin/user/get', appid: SHIFTING };
      const holdNext = () => deployment.wechat.control('POST', '/delay', { ...aim, ms: STILL, count: 1 });
      const pageAsked = (times: number) =>
        until(`WeChat is asked for page ${times}`, async () => {
          const asked = (await deployment.wechat.counters()).byAccount[SHIFTING]?.[LIST] ?? 0;
          return asked >= times;
        });
      await holdNext();
      const { id } = await startSync(deployment, SHIFTING);
      await pageAsked(1);
      // WeChat will no longer know the openid from which the next page continues (protocol §4.1).
      await holdNext();
      await deployment.wechat.control('POST', '/fail', { ...aim, how: 'errcode', errcode: 40003 });
      await deployment.wechat.control('POST', '/release');
      await pageAsked(2);
      expect((await readSync(deployment, id)).listed).toBe(10_000);
      await silently(SHIFTING, { unsubscribe: [listed, unlisted], subscribe: [late] });
      await deployment.wechat.control('POST', '/release');
      expect(await completed(deployment, id)).toMatchObject({ detailed: FOLLOWERS, error: null });
      await deployment.wechat.control('DELETE', '/faults');
      const all = await exported(deployment, SHIFTING);
      expect(all.filter((f) => f.subscribed).map((f) => f.openid)).toEqual(
        await followersAtWeChat(deployment, SHIFTING),
      );
      expect(all.filter((f) => !f.subscribed).map((f) => f.openid)).toEqual([listed]);
      expect(all.find((f) => f.openid === late)).toMatchObject({ subscribedAt: expect.any(String) });
    });

    it('of an account without followers completes, too', async () => {
      const sync = await startSync(deployment, EMPTY);
      expect(await completed(deployment, sync.id)).toMatchObject({ listed: 0, detailed: 0, total: 0 });
      expect(await exported(deployment, EMPTY)).toEqual([]);
    });

    it('refuses invalid options', async () => {
      const asked = (path: string, body: unknown) => deployment.api('POST', path, body);
      expect(await asked('/v1/authorizers/wx00000000000000ff/follower-syncs', {})).toMatchObject({ status: 404 });
      expect(await asked(`/v1/authorizers/${SMALL}/follower-syncs`, { detials: 1 })).toMatchObject({ status: 400 });
      expect(await deployment.api('GET', '/v1/follower-syncs/nothing')).toMatchObject({
        status: 404,
        body: { code: 'unknown_follower_sync' },
      });
    });
  });

  describe('openids and pushes', () => {
    // Openids that differ in case only, and one that WeChat lists but does not know.
    const LOWER = 'oLetterCaseMatters_abcdefghi';
    const UPPER = 'oLetterCaseMatters_ABCDEFGHI';
    const FOREIGN = 'oForeignForeignForeignForeig';
    const UNSUBSCRIBED = 'oLeftByPushLeftByPushLeftByP';
    const SUBSCRIBED = 'oCameByPushCameByPushCameByP';

    it('copies the batch around a foreign openid, and distinguishes openids by case', async () => {
      await silently(SMALL, { subscribe: [LOWER, UPPER, UNSUBSCRIBED], foreign: [FOREIGN] });
      const sync = await startSync(deployment, SMALL);
      expect(await completed(deployment, sync.id)).toMatchObject({ listed: 344, detailed: 344 });
      expect((await exported(deployment, SMALL)).map((f) => f.openid)).toEqual(
        await followersAtWeChat(deployment, SMALL),
      );
      const unknown = (await exported(deployment, SMALL)).filter((f) => f.subscribedAt === null);
      expect(unknown.map((f) => f.openid)).toEqual([FOREIGN]);
    });

    it('prefers what a push reported to the pages of a sync at the same time', async () => {
      await push(SMALL, 'unsubscribe', UNSUBSCRIBED);
      await push(SMALL, 'subscribe', SUBSCRIBED);
      await pushed(SMALL, UNSUBSCRIBED, false);
      await pushed(SMALL, SUBSCRIBED, true);
      // WeChat's lists are out of date: they show the opposite of what was pushed. A third follower unsubscribed without
      // a push.
      await silently(SMALL, { subscribe: [UNSUBSCRIBED], unsubscribe: [SUBSCRIBED, UPPER] });
      await completed(deployment, (await startSync(deployment, SMALL)).id);
      expect(await follower(deployment, SMALL, UNSUBSCRIBED)).toMatchObject({ subscribed: false });
      expect(await follower(deployment, SMALL, SUBSCRIBED)).toMatchObject({ subscribed: true });
      expect(await follower(deployment, SMALL, UPPER)).toMatchObject({
        subscribed: false,
        subscribedAt: expect.any(String),
      });
      expect(await follower(deployment, SMALL, LOWER)).toMatchObject({ subscribed: true });
    });

    it('without details knows the openids, who has subscribed and who has unsubscribed', async () => {
      await silently(SMALL, { subscribe: [UPPER], unsubscribe: [LOWER] });
      const before = await deployment.wechat.asked(BATCH);
      const sync = await startSync(deployment, SMALL, { details: false });
      expect(await completed(deployment, sync.id)).toMatchObject({ detailed: 0 });
      expect(await deployment.wechat.asked(BATCH)).toBe(before);
      expect(await follower(deployment, SMALL, UPPER)).toMatchObject({ subscribed: true, unsubscribedAt: null });
      expect(await follower(deployment, SMALL, LOWER)).toMatchObject({ subscribed: false });
    });

    it('ignores a late push', async () => {
      await push(SMALL, 'subscribe', SUBSCRIBED, Math.floor(Date.now() / 1000) + 5);
      await push(SMALL, 'unsubscribe', SUBSCRIBED, Math.floor(Date.now() / 1000) - 3_600);
      await until('both handled', () => {
        const handled = deployment.workers[0]!.lines().filter((line) => line.msg === 'push' && line.appid === SMALL);
        return handled.filter((line) => line.push !== undefined).length >= 4;
      });
      expect(await follower(deployment, SMALL, SUBSCRIBED)).toMatchObject({ subscribed: true });
    });
  });

  describe('control', () => {
    it('pauses, resumes where it was, reports each step as an event, and can be cancelled', async () => {
      await deployment.wechat.control('POST', '/delay', { path: BATCH_PATH, ms: 300, appid: STEERED });
      const { id } = await startSync(deployment, STEERED);
      const events = await EventStream.open(
        `${deployment.gatewayUrl()}/v1/follower-syncs/${id}/events`,
        deployment.apiKey,
      );
      const states = () => events.seen.map(({ data }) => data.state);
      await syncReaches(deployment, id, 'has details', (sync) => sync.detailed > 0);
      await until('its run is reported', () => states().includes('running'));
      const paused = await deployment.api<SyncBody>('POST', `/v1/follower-syncs/${id}/pause`);
      expect(paused).toMatchObject({ status: 200, body: { state: 'paused' } });
      // The answers to requests in flight are discarded, unless the pause comes between two slices; WeChat receives none after that.
      await until('quiet', () =>
        deployment.workers[0]!.lines().some(
          ({ sync, outcome }) => sync === id && (outcome === 'taken_over' || outcome === 'nothing_to_do'),
        ),
      );
      await until('the pause is reported', () => states().includes('paused'));
      const quiet = await deployment.wechat.asked(BATCH);
      const { detailed } = await readSync(deployment, id);
      expect(detailed).toBe(paused.body.detailed);
      await deployment.wechat.control('DELETE', '/faults');
      expect(await deployment.wechat.asked(BATCH)).toBe(quiet);

      expect(await deployment.api('POST', `/v1/follower-syncs/${id}/resume`)).toMatchObject({
        body: { state: 'queued' },
      });
      await completed(deployment, id);
      // Nothing that was stored was fetched again.
      expect((await deployment.wechat.asked(BATCH)) - quiet).toBeLessThanOrEqual((5_000 - detailed) / 100);
      expect(await deployment.api('POST', `/v1/follower-syncs/${id}/pause`)).toMatchObject({
        status: 409,
        body: { code: 'follower_sync_over' },
      });
      await events.ended;
      expect(states().at(-1)).toBe('completed');

      await deployment.wechat.control('POST', '/delay', { path: BATCH_PATH, ms: 300, appid: STEERED });
      const second = await startSync(deployment, STEERED);
      await syncReaches(deployment, second.id, 'has details', (sync) => sync.detailed > 0);
      expect(await deployment.api('POST', `/v1/follower-syncs/${second.id}/cancel`)).toMatchObject({
        body: { state: 'cancelled', finishedAt: expect.any(String) },
      });
      await deployment.wechat.control('DELETE', '/faults');
      await completed(deployment, (await startSync(deployment, STEERED)).id);
    });

    it('runs every day at the requested time', async () => {
      const path = `/v1/authorizers/${SMALL}/follower-sync-schedule`;
      // Half a day ahead, so that the time does not come during the story.
      const at = new Date(Date.now() + (8 + 12) * HOUR_MS).toISOString().slice(11, 16);
      expect(await deployment.api('PUT', path, { at: '25:00' })).toMatchObject({ status: 400 });
      const set = await deployment.api<{ nextAt: string }>('PUT', path, { at, details: false });
      const first = Date.parse(set.body.nextAt);
      expect(new Date(first + 8 * HOUR_MS).toISOString()).toContain(`T${at}:00.000Z`);
      expect(first - Date.now()).toBeLessThanOrEqual(24 * HOUR_MS);
      expect(await deployment.api('GET', path)).toMatchObject({ body: { at, details: false } });
      const syncs = async () =>
        (await deployment.api<{ items: SyncBody[] }>('GET', `/v1/authorizers/${SMALL}/follower-syncs`)).body.items;
      const before = (await syncs()).length;
      await inDatabase(deployment, (sql) =>
        sql.updateTable('follower_sync_schedules').set({ next_at: Date.now() }).where('appid', '=', SMALL).execute(),
      );
      await until('a sync by itself', async () => (await syncs()).length > before);
      expect(await completed(deployment, (await syncs())[0]!.id)).toMatchObject({ detailed: 0 });
      expect(await deployment.api('GET', path)).toMatchObject({ body: { nextAt: set.body.nextAt } });
      expect(await syncs()).toHaveLength(before + 1);
      const dropped = await fetch(deployment.gatewayUrl() + path, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${deployment.apiKey}` },
      });
      expect(dropped.status).toBe(204);
      expect(await deployment.api('GET', path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    });
  });
});
