import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from './support/deployment.ts';
import { coWechatApi, type Sdk } from './support/sdk.ts';
import { SdkPractice } from './support/sdk-practice.ts';

let practice: SdkPractice;
let deployment: Deployment;
let openids: readonly string[];
let api: Sdk;

beforeAll(async () => {
  practice = await SdkPractice.open(SERVICE_ACCOUNT, MINI_PROGRAM);
  ({ deployment, openids } = practice);
  api = sdk();
});
afterAll(() => practice?.close());

function sdk(appid = SERVICE_ACCOUNT): Sdk {
  return practice.counted(coWechatApi(deployment.gatewayUrl(), appid, deployment.apiKey));
}

it('followers', async () => {
  const { total, data, next_openid } = await api.getFollowers!();
  expect({ total, openids: data.openid }).toEqual({ total: 25, openids });
  expect(await api.getFollowers!(next_openid)).toEqual({ total: 25, count: 0, next_openid: '' });
  expect(await api.updateRemark!(openids[0], '老"客户" \\ /')).toMatchObject({ errcode: 0 });
  expect((await api.getUser!({ openid: openids[0], lang: 'zh_CN' })).remark).toBe('老"客户" \\ /');
  expect((await api.batchGetUsers!(openids.slice(0, 20))).user_info_list).toHaveLength(20);
});

it('tags', async () => {
  const { tag } = await api.createTags!('广东');
  expect(await api.updateTag!(tag.id, '广西')).toMatchObject({ errcode: 0 });
  expect((await api.getTags!()).tags).toContainEqual({ id: tag.id, name: '广西', count: 0 });
  await api.batchTagging!(openids.slice(0, 3), tag.id);
  await api.batchUnTagging!(openids.slice(2, 3), tag.id);
  expect((await api.getUsersFromTag!(tag.id)).data.openid).toEqual(openids.slice(0, 2));
  expect((await api.getIdList!(openids[0])).tagid_list).toEqual([tag.id]);
  expect(await api.deleteTag!(tag.id)).toMatchObject({ errcode: 0 });
  await expect(api.deleteTag!(2)).rejects.toMatchObject({ code: 45058 });
});

it('menus, for all users and for some', async () => {
  const button = [{ name: '菜单', sub_button: [{ type: 'view', name: '搜索', url: 'http://www.soso.com/?a=1&b=2' }] }];
  expect(await api.createMenu!({ button })).toMatchObject({ errcode: 0 });
  expect(await api.getMenu!()).toEqual({ menu: { button } });
  expect(await api.getMenuConfig!()).toMatchObject({ is_menu_open: 1 });
  const matchrule = { tag_id: '2' };
  const { menuid } = await api.addConditionalMenu!({ button, matchrule });
  expect(await api.tryConditionalMenu!(openids[0])).toEqual({ button });
  expect(await api.delConditionalMenu!(menuid)).toMatchObject({ errcode: 0 });
  expect(await api.removeMenu!()).toMatchObject({ errcode: 0 });
  await expect(api.getMenu!()).rejects.toMatchObject({ code: 46003 });
});

it('QR codes, addresses and page tickets', async () => {
  expect(await api.createTmpQRCode!(10_000, 1800)).toMatchObject({ expire_seconds: 1800 });
  const { ticket } = await api.createLimitQRCode!('永久');
  const picture = await fetch(`${deployment.wechat.url}/cgi-bin/showqrcode?ticket=${encodeURIComponent(ticket)}`);
  expect(picture.status).toBe(200);
  expect((await api.getIp!()).ip_list).toContain('127.0.0.1');
  const first = await api.getTicket!('jsapi');
  expect((await api.getLatestTicket!()).ticket).toBe(first.ticket);
  const param = { debug: false, jsApiList: ['scanQRCode'], url: 'http://shop.example/?x=1' };
  expect(await api.getJsConfig!(param)).toMatchObject({ appId: SERVICE_ACCOUNT, signature: expect.any(String) });
  expect(await api.getCardExt!({ card_id: 'c' })).toMatchObject({ signature: expect.any(String) });
});

it('files with Chinese names, temporary (three days) and permanent', async () => {
  const picture = await practice.fileNamed('封面 图.png', 'a picture');
  const film = await practice.fileNamed('影片.mp4', 'a film');
  const { media_id: temporary } = await api.uploadImageMedia!(picture);
  expect((await api.getMedia!(temporary)).toString()).toBe('a picture');
  expect((await api.uploadImage!(picture)).url).toMatch(/^http:/);
  const { media_id: image } = await api.uploadImageMaterial!(picture);
  expect((await api.getMaterial!(image)).toString()).toBe('a picture');
  const { media_id: video } = await api.uploadVideoMaterial!(film, { title: '标题', introduction: '介绍' });
  expect(await api.getMaterial!(video)).toMatchObject({ title: '标题', description: '介绍' });
  const { item } = await api.getMaterials!('image', 0, 20);
  expect(item).toMatchObject([{ media_id: image, name: '封面 图.png' }]);

  const article = { title: '标题', thumb_media_id: image, content: '<p class="x">内容</p>' };
  const { media_id: news } = await api.uploadNewsMaterial!({ articles: [article] });
  await api.updateNewsMaterial!({ media_id: news, index: 0, articles: { ...article, title: '新标题' } });
  expect((await api.getMaterial!(news)).news_item[0]).toEqual({ ...article, title: '新标题' });
  expect(await api.getMaterialCount!()).toEqual({ voice_count: 0, video_count: 1, image_count: 1, news_count: 1 });
  expect(await api.removeMaterial!(news)).toMatchObject({ errcode: 0 });
  await expect(api.getMaterial!(news)).rejects.toMatchObject({ code: 40007 });
});

it('customer messages of every kind', async () => {
  const to = openids[5]!;
  await api.sendText!(to, '您好 <a href="http://x/?a=1&b=2">链接</a> 😀');
  await api.sendImage!(to, 'm1');
  await api.sendVoice!(to, 'm2');
  await api.sendVideo!(to, 'm3', 'm4');
  await api.sendMusic!(to, { title: 't', description: 'd', musicurl: 'u', hqmusicurl: 'h', thumb_media_id: 'm5' });
  await api.sendNews!(to, [{ title: '新闻', description: 'd', url: 'u', picurl: 'p' }]);
  await api.sendMpNews!(to, 'm6');
  await api.sendCard!(to, 'card');
  await api.sendMiniProgram!(to, { title: 't', appid: MINI_PROGRAM, pagepath: 'p', thumb_media_id: 'm7' });
  const got = (await deployment.wechat.messages()).filter(({ touser }) => touser === to);
  expect(got).toHaveLength(9);
  expect(got[0]).toMatchObject({ content: { content: '您好 <a href="http://x/?a=1&b=2">链接</a> 😀' } });
});

it('templates and template messages', async () => {
  await deployment.wechat.control('POST', '/options', { earlyJobEventRate: 1 });
  expect(await api.setIndustry!({ industry_id1: '1', industry_id2: '4' })).toMatchObject({ errcode: 0 });
  expect(await api.getIndustry!()).toHaveProperty('primary_industry');
  const { template_id } = await api.addTemplate!('TM00015');
  expect((await api.getAllPrivateTemplate!()).template_list).toMatchObject([{ template_id }]);
  const { msgid } = await api.sendTemplate!(openids[6], template_id, 'http://x', '#FF0000', { first: { value: '一' } });
  expect(BigInt(msgid.toString())).toBeGreaterThan(2n ** 53n);
  // The event was pushed before the call was answered, and was accepted.
  const { deliveries } = await deployment.wechat.control<{ deliveries: object[] }>('GET', '/deliveries');
  expect(deliveries).toContainEqual(
    expect.objectContaining({ what: 'event:TEMPLATESENDJOBFINISH', body: 'success', complaint: null }),
  );
  expect(await api.delPrivateTemplate!(template_id)).toMatchObject({ errcode: 0 });
});

it('messages to many users, once for one client id', async () => {
  const { msg_id } = await api.massSendText!('大家好', true, 'client-1');
  await expect(api.massSendText!('大家好', true, 'client-1')).rejects.toMatchObject({ code: 45066 });
  expect((await api.getMassMessageStatus!(msg_id.toString())).msg_status).toMatch(/^SEND/);
  await api.massSendNews!('news', openids.slice(0, 2));
  expect(await api.previewText!(openids[0], '预览')).toMatchObject({ errcode: 0 });
  expect(await api.deleteMass!(msg_id.toString())).toMatchObject({ errcode: 0 });
  expect((await api.getMassMessageStatus!(msg_id.toString())).msg_status).toBe('DELETE');
});

it('the user of a mini program logs in, as if the key were the mini program’s own secret', async () => {
  const { code, openid } = await deployment.wechat.control<{ code: string; openid: string }>('POST', '/login', {
    appid: MINI_PROGRAM,
  });
  expect(await sdk(MINI_PROGRAM).code2Session!(code)).toEqual({ openid, session_key: expect.any(String) });
  await expect(sdk(MINI_PROGRAM).code2Session!(code)).rejects.toMatchObject({ code: 40029 });
  const login = 'GET /sns/component/jscode2session';
  expect((await deployment.wechat.counters()).outcomes[login]).toEqual({ '0': 1, '40029': 1 });
});

it('a message that a busy WeChat refuses is not repeated, a read is', async () => {
  const path = '/cgi-bin/message/custom/send';
  await deployment.wechat.control('POST', '/fail', { path, how: 'errcode', errcode: -1 });
  await expect(api.sendText!(openids[7], 'x')).rejects.toMatchObject({ code: -1 });
  // The deployment may repeat a read.
  await deployment.wechat.control('POST', '/fail', { path: '/cgi-bin/tags/get', how: 'errcode', errcode: -1 });
  expect((await api.getTags!()).tags).toHaveLength(1);
});

it.each(['README.md', 'README.zh-CN.md', 'docs/virtual-wechat.md'])(
  'the example of %s works as printed',
  async (page) => {
    const text = await readFile(new URL(`../${page}`, import.meta.url), 'utf8');
    const example = /^```js\n(import WechatAPI from 'co-wechat-api'.*?)^```$/ms.exec(text)![1]!;
    const script = example
      .replaceAll('http://127.0.0.1:3000', deployment.gatewayUrl())
      .replace('wx0123456789abcdef', SERVICE_ACCOUNT)
      .replace('YOUR_API_KEY', deployment.apiKey);
    expect(script).not.toBe(example);
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
    });
    expect((await run).stdout).toContain('total: 25');
  },
);

it('WeChat counted every call for the account, and at most two tokens were issued for them', async () => {
  const { byAccount, minted } = await deployment.wechat.counters();
  expect(Object.keys(byAccount[SERVICE_ACCOUNT]!).length).toBeGreaterThan(35);
  expect(minted[`authorizer:${deployment.component.appid}/${SERVICE_ACCOUNT}`]).toBeLessThanOrEqual(2);
  expect(practice.asked.size).toBeGreaterThanOrEqual(40);
});
