import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from './support/deployment.ts';
import { type Sdk, wechatApi } from './support/sdk.ts';
import { SdkPractice } from './support/sdk-practice.ts';

let practice: SdkPractice;
let deployment: Deployment;
let openids: readonly string[];
let api: Sdk;

beforeAll(async () => {
  practice = await SdkPractice.open(SERVICE_ACCOUNT);
  ({ deployment, openids } = practice);
  api = practice.counted(wechatApi(deployment.gatewayUrl(), SERVICE_ACCOUNT, deployment.apiKey));
});
afterAll(() => practice?.close());

it('followers', async () => {
  expect((await api.getFollowers!()).data.openid).toEqual(openids);
  expect(await api.getFollowers!(openids.at(-1))).toEqual({ total: 25, count: 0, next_openid: '' });
  expect(await api.updateRemark!(openids[0], '老客户')).toMatchObject({ errcode: 0 });
  expect((await api.getUser!({ openid: openids[0], lang: 'zh_CN' })).remark).toBe('老客户');
  expect((await api.batchGetUsers!(openids.slice(0, 20))).user_info_list).toHaveLength(20);
  await expect(api.getUser!('unknown')).rejects.toMatchObject({ code: 40003 });
});

it('tags', async () => {
  const { tag } = await api.createTag!('广东');
  expect(await api.editTag!(tag.id, '广西')).toMatchObject({ errcode: 0 });
  await api.membersBatchtagging!(tag.id, openids.slice(0, 3));
  await api.membersBatchuntagging!(tag.id, openids.slice(2, 3));
  expect((await api.getTags!()).tags).toContainEqual({ id: tag.id, name: '广西', count: 2 });
  expect((await api.getTagUsers!(tag.id, '')).data.openid).toEqual(openids.slice(0, 2));
  expect((await api.getUserTags!(openids[0])).tagid_list).toEqual([tag.id]);
  expect(await api.deleteTag!(tag.id)).toMatchObject({ errcode: 0 });
});

it('menus, QR codes, addresses and page tickets', async () => {
  const button = [{ type: 'click', name: '今日歌曲', key: 'V1001' }];
  expect(await api.createMenu!({ button })).toMatchObject({ errcode: 0 });
  expect(await api.getMenu!()).toEqual({ menu: { button } });
  expect(await api.getMenuConfig!()).toMatchObject({ is_menu_open: 1 });
  expect(await api.removeMenu!()).toMatchObject({ errcode: 0 });
  expect(await api.createTmpQRCode!(10_000, 1800)).toMatchObject({ expire_seconds: 1800 });
  expect(await api.createLimitQRCode!(100)).toMatchObject({ ticket: expect.any(String) });
  expect((await api.getIp!()).ip_list).toContain('127.0.0.1');
  const first = await api.getTicket!('jsapi');
  expect((await api.getLatestTicket!()).ticket).toBe(first.ticket);
  const param = { debug: false, jsApiList: ['scanQRCode'], url: 'http://shop.example/?x=1' };
  expect(await api.getJsConfig!(param)).toMatchObject({ appId: SERVICE_ACCOUNT });
});

it('files, temporary (three days) and permanent', async () => {
  const picture = await practice.fileNamed('封面 图.png', 'a picture');
  const film = await practice.fileNamed('影片.mp4', 'a film');
  const { media_id: temporary } = await api.uploadMedia!(picture, 'image');
  expect((await api.getMedia!(temporary)).toString()).toBe('a picture');
  expect((await api.uploadImage!(picture)).url).toMatch(/^http:/);
  const { media_id: image } = await api.uploadMaterial!(picture, 'image');
  expect((await api.getMaterial!(image)).toString()).toBe('a picture');
  const { media_id: video } = await api.uploadVideoMaterial!(film, { title: '标题', introduction: '介绍' });
  expect(video).toEqual(expect.any(String));
  const article = { title: '标题', thumb_media_id: image, content: '<p>内容</p>' };
  const { media_id: news } = await api.uploadNewsMaterial!({ articles: [article] });
  await api.updateNewsMaterial!({ media_id: news, index: 0, articles: { ...article, title: '新标题' } });
  expect((await api.getMaterials!('news', 0, 20)).item[0].content.news_item[0].title).toBe('新标题');
  expect(await api.getMaterialCount!()).toMatchObject({ video_count: 1, image_count: 1, news_count: 1 });
  expect(await api.removeMaterial!(news)).toMatchObject({ errcode: 0 });
});

it('customer messages of every kind', async () => {
  const to = openids[5]!;
  await api.sendText!(to, '您好 😀');
  await api.sendTextFromCs!(to, 'agent@x', '您好');
  await api.sendImage!(to, 'm1');
  await api.sendVoice!(to, 'm2');
  await api.sendVideo!(to, 'm3', 'm4');
  await api.sendMusic!(to, { title: 't', musicurl: 'u', hqmusicurl: 'h', thumb_media_id: 'm5' });
  await api.sendNews!(to, [{ title: '新闻', url: 'u' }]);
  await api.sendMpNews!(to, 'm6');
  const got = (await deployment.wechat.messages()).filter(({ touser }) => touser === to);
  expect(got).toHaveLength(8);
  expect(got[0]).toMatchObject({ content: { content: '您好 😀' } });
});

it('templates, and messages to many', async () => {
  expect(await api.setIndustry!({ industry_id1: '1', industry_id2: '4' })).toMatchObject({ errcode: 0 });
  expect(await api.getIndustry!()).toHaveProperty('primary_industry');
  const { template_id } = await api.addTemplate!('TM00015');
  expect((await api.getAllPrivateTemplate!()).template_list).toMatchObject([{ template_id }]);
  expect(await api.sendTemplate!(openids[6], template_id, 'http://x', { first: { value: '一' } })).toMatchObject({
    errcode: 0,
  });
  expect(await api.delPrivateTemplate!(template_id)).toMatchObject({ errcode: 0 });
  expect(await api.massSendText!('大家好', true)).toMatchObject({ errcode: 0 });
  expect(await api.massSendNews!('news', openids.slice(0, 2))).toMatchObject({ errcode: 0 });
  expect(await api.previewText!(openids[0], '预览')).toMatchObject({ errcode: 0 });
  await expect(api.getMassMessageStatus!('unknown')).rejects.toMatchObject({ code: 40035 });
});

it('a foreign token is refused as WeChat refuses it, and the next one works', async () => {
  const sdk = wechatApi(deployment.gatewayUrl(), SERVICE_ACCOUNT, deployment.apiKey);
  Reflect.set(sdk, 'store', { accessToken: 'wxt_of-yesterday', expireTime: Date.now() + 3_600_000 });
  // By itself this SDK only repeats the request with the same token that was refused.
  await expect(sdk.getFollowers!()).rejects.toMatchObject({ code: 40001 });
  Reflect.set(sdk, 'store', undefined);
  expect((await sdk.getFollowers!()).total).toBe(25);
});

it('an account that never authorized is refused with 61003, a wrong key with 40125', async () => {
  const stranger = wechatApi(deployment.gatewayUrl(), MINI_PROGRAM, deployment.apiKey);
  await expect(stranger.getFollowers!()).rejects.toMatchObject({ code: 61003 });
  const thief = wechatApi(deployment.gatewayUrl(), SERVICE_ACCOUNT, 'guessed');
  await expect(thief.getFollowers!()).rejects.toMatchObject({ code: 40125 });
});

it('a message arrives although the base URL ends with a slash', async () => {
  // The SDK asks for //cgi-bin/…, and considers any answer without errcode a success.
  const sdk = wechatApi(`${deployment.gatewayUrl()}/`, SERVICE_ACCOUNT, deployment.apiKey);
  const to = openids[8]!;
  expect(await sdk.sendText!(to, 'must arrive')).toMatchObject({ errcode: 0 });
  expect((await deployment.wechat.messages()).filter(({ touser }) => touser === to)).toHaveLength(1);
});

it.each([
  ['/v1', 40066],
  // A path that the simulated WeChat lacks.
  ['/no/such/place', 990404],
])('a base URL that ends with %s is an error, never a silent success', async (tail, code) => {
  const sdk = wechatApi(deployment.gatewayUrl() + tail, SERVICE_ACCOUNT, deployment.apiKey);
  const { store } = api as unknown as { store: unknown };
  Reflect.set(sdk, 'store', store);
  await expect(sdk.sendText!(openids[9]!, 'never')).rejects.toMatchObject({ code });
});

it.each([
  ['POST', '/xpay/query_order'],
  ['POST', '/intp/marketcode/applycode'],
  ['GET', '/publisher/stat'],
])('%s %s, which is not in the catalogue, is called, and WeChat answers', async (method, path) => {
  const before = await deployment.wechat.asked(`${method} ${path}`);
  const { status, body } = await deployment.call(SERVICE_ACCOUNT, { method, path });
  // The simulated WeChat has no such API.
  expect([status, body.state, body.response?.body.errcode]).toEqual([200, 'completed', 990404]);
  expect(await deployment.wechat.asked(`${method} ${path}`)).toBe(before + 1);
});

it('about forty methods were called', () => {
  expect(practice.asked.size).toBeGreaterThanOrEqual(40);
});
