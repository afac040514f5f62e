import { randomBytes } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { liveMedia } from '../src/api/media-apis.ts';
import { openWorld } from '../src/world.ts';
import { MINI, OFFICIAL, openSimulator, until } from './open-simulator.ts';

const SEND = '/cgi-bin/message/custom/send';

test('followers are listed in pages of 10,000, and the page after the last has no data', async () => {
  const accounts = [{ appid: OFFICIAL, kind: 'official-account' as const, nickName: 'big', followers: 20_000 }];
  const p = await openSimulator({ accounts });
  const { access } = await p.authorize();
  const page = (next_openid: string) =>
    p.get('/cgi-bin/user/get', { access_token: access, ...(next_openid ? { next_openid } : {}) });
  const first = await page('');
  expect(first).toMatchObject({ total: 20_000, count: 10_000, next_openid: first.data.openid.at(-1) });
  const second = await page(first.next_openid);
  expect(second.count).toBe(10_000);
  expect(new Set([...first.data.openid, ...second.data.openid]).size).toBe(20_000);
  expect(await page(second.next_openid)).toEqual({ total: 20_000, count: 0, next_openid: '' });
  expect((await page('oSomebodyElse')).errcode).toBe(40003);
});

test('details are returned for one follower and for a hundred; one foreign openid makes the batch fail', async () => {
  const p = await openSimulator();
  const { access } = await p.authorize();
  const query = { access_token: access };
  const { openids } = await p.control('GET /followers?appid=wx00000000000000a1&limit=3');
  const batch = (list: string[]) =>
    p.post('/cgi-bin/user/info/batchget', query, { user_list: list.map((openid) => ({ openid, lang: 'zh_CN' })) });
  const { user_info_list: details } = await batch(openids);
  expect(details.map((one: { openid: string }) => one.openid)).toEqual(openids);
  expect(details[0]).toMatchObject({ subscribe: 1, remark: '', tagid_list: [] });
  expect(await p.get('/cgi-bin/user/info', { ...query, openid: openids[0] })).toEqual(details[0]);
  expect((await batch([...openids, 'oForeign'])).errcode).toBe(40003);
  expect((await batch(Array.from({ length: 101 }, () => openids[0]))).errcode).toBe(40032);
  await p.control('POST /followers', { appid: OFFICIAL, unsubscribe: [openids[0]] });
  expect((await batch([openids[0]])).user_info_list).toEqual([{ subscribe: 0, openid: openids[0] }]);
});

test('control characters make the JSON invalid if the option is set', async () => {
  const p = await openSimulator();
  const { access } = await p.authorize();
  await p.control('POST /options', { controlCharacters: true });
  const { openids } = await p.control('GET /followers?appid=wx00000000000000a1&limit=1');
  const url = `${p.simulator.url}/cgi-bin/user/info?access_token=${access}&openid=${openids[0]}`;
  const text = await (await fetch(url)).text();
  expect(() => JSON.parse(text)).toThrow(SyntaxError);
  expect(JSON.parse(text.replace(/[\u0000-\u0008]|[\u000e-\u001f]/g, '')).remark).toBe('备注');
});

test('messages are recorded as they were sent', async () => {
  const p = await openSimulator();
  const { access } = await p.authorize();
  const { openids } = await p.control('GET /followers?appid=wx00000000000000a1&limit=1');
  const [touser] = openids;
  const send = (body: object) => p.post(SEND, { access_token: access }, body);
  const text = { touser, msgtype: 'text', text: { content: '你好' } };
  expect(await send(text)).toEqual({ errcode: 0, errmsg: 'ok' });
  expect((await send({ ...text, touser: 'oForeign' })).errcode).toBe(40003);
  expect((await send({ touser, msgtype: 'poem', poem: {} })).errcode).toBe(40008);
  expect((await send({ ...text, text: { content: 'x'.repeat(2049) } })).errcode).toBe(45002);
  const { messages } = await p.control('GET /messages?appid=wx00000000000000a1');
  expect(messages).toMatchObject([{ appid: OFFICIAL, touser, msgtype: 'text', content: { content: '你好' } }]);
});

test('reply windows are enforced if the option is set', async () => {
  const p = await openSimulator();
  const { access } = await p.authorize();
  const { openids } = await p.control('GET /followers?appid=wx00000000000000a1&limit=1');
  const [touser] = openids;
  const send = async () =>
    (await p.post(SEND, { access_token: access }, { touser, msgtype: 'text', text: { content: 'x' } })).errcode;
  await p.control('POST /options', { replyWindows: true });
  expect(await send()).toBe(45015);
  await p.control('POST /push', { appid: OFFICIAL, url: 'messages', fields: { FromUserName: touser, Content: 'hi' } });
  for (let n = 0; n < 5; n += 1) expect(await send()).toBe(0);
  expect(await send()).toBe(45047);
});

test('a template message has a bare 64-bit msgid, and one client_msg_id sends once', async () => {
  const p = await openSimulator();
  const { access } = await p.authorize();
  const { openids } = await p.control('GET /followers?appid=wx00000000000000a1&limit=1');
  const send = async (changes: object) => {
    const response = await fetch(`${p.simulator.url}/cgi-bin/message/template/send?access_token=${access}`, {
      method: 'POST',
      body: JSON.stringify({ touser: openids[0], template_id: 't', data: {}, client_msg_id: 'c', ...changes }),
    });
    return await response.text();
  };
  const first = await send({});
  const msgid = /"msgid":(\d+)}$/.exec(first)?.[1];
  expect(BigInt(msgid ?? 0)).toBeGreaterThan(2n ** 53n);
  expect(await send({})).toBe(first);
  expect((await p.control('GET /messages')).messages).toHaveLength(1);
  expect(JSON.parse(await send({ template_id: '' })).errcode).toBe(40037);
});

test('media are returned byte for byte, and videos as an address', async () => {
  const p = await openSimulator();
  const { access } = await p.authorize();
  const bytes = Buffer.concat([Buffer.from('\r\n--boundary\r\n'), randomBytes(70_000), Buffer.from('\r\n--')]);
  const upload = async (type: string, field = 'media') => {
    const form = new FormData();
    form.append('description', '{"title":"t"}');
    form.append(field, new Blob([bytes], { type: 'image/png' }), '图.png');
    const url = `${p.simulator.url}/cgi-bin/media/upload?access_token=${access}&type=${type}`;
    return (await (await fetch(url, { method: 'POST', body: form })).json()) as Record<string, string>;
  };
  const load = (id: string) => fetch(`${p.simulator.url}/cgi-bin/media/get?access_token=${access}&media_id=${id}`);
  const image = await upload('image');
  const answer = await load(image.media_id!);
  expect(answer.headers.get('content-type')).toBe('image/png');
  expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${image.media_id}.png"`);
  expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  const video = (await (await load((await upload('video')).media_id!)).json()) as { video_url: string };
  expect(Buffer.from(await (await fetch(video.video_url)).arrayBuffer()).equals(bytes)).toBe(true);
  expect((await upload('thumb')).errcode).toBe(45001);
  expect((await upload('image', 'file')).errcode).toBe(41005);
  expect((await upload('song')).errcode).toBe(40004);
  expect(((await (await load('unknown')).json()) as { errcode: number }).errcode).toBe(40007);
});

test('media expire after three days', async () => {
  const world = openWorld(
    {
      timeScale: 1_000_000,
      components: [],
      accounts: [{ appid: OFFICIAL, kind: 'official-account', nickName: 'x' }],
    },
    new AbortController().signal,
  );
  const account = world.accounts.get(OFFICIAL)!;
  const expiresAt = world.clock.now() + world.clock.lasting(3 * 24 * 3600);
  account.media.set('m', {
    type: 'image',
    contentType: 'image/png',
    fileName: 'x.png',
    bytes: Buffer.of(1),
    expiresAt,
  });
  expect(liveMedia(account, 'm', world.clock)).toBeDefined();
  await until(() => liveMedia(account, 'm', world.clock) === undefined);
});

test('tags and menus are stored', async () => {
  const p = await openSimulator();
  const { access } = await p.authorize();
  const query = { access_token: access };
  const { openids } = await p.control('GET /followers?appid=wx00000000000000a1&limit=2');
  const { tag } = await p.post('/cgi-bin/tags/create', query, { tag: { name: '广东' } });
  expect((await p.post('/cgi-bin/tags/create', query, { tag: { name: '广东' } })).errcode).toBe(45157);
  await p.post('/cgi-bin/tags/members/batchtagging', query, { openid_list: openids, tagid: tag.id });
  const { tags } = await p.get('/cgi-bin/tags/get', query);
  expect(tags).toContainEqual({ ...tag, count: 2 });
  expect((await p.post('/cgi-bin/user/tag/get', query, { tagid: tag.id })).data.openid).toEqual(openids);
  expect((await p.post('/cgi-bin/user/tag/get', query, { tagid: 9999 })).errcode).toBe(45159);

  expect((await p.get('/cgi-bin/menu/get', query)).errcode).toBe(46003);
  const button = [{ type: 'click', name: '今日', key: 'K' }];
  expect((await p.post('/cgi-bin/menu/create', query, { button })).errcode).toBe(0);
  expect((await p.get('/cgi-bin/menu/get', query)).menu).toEqual({ button });
  await p.get('/cgi-bin/menu/delete', query);
  expect((await p.get('/cgi-bin/menu/get', query)).errcode).toBe(46003);
});

test('addresses, page tickets and options are returned', async () => {
  const p = await openSimulator();
  const { access, component } = await p.authorize();
  expect((await p.get('/cgi-bin/getcallbackip', { access_token: component })).ip_list).toContain('127.0.0.1');
  expect((await p.get('/cgi-bin/getcallbackip', { access_token: access })).ip_list).toContain('127.0.0.1');
  const first = await p.get('/cgi-bin/ticket/getticket', { access_token: access, type: 'jsapi' });
  expect(first.errcode).toBe(0);
  const second = await p.get('/cgi-bin/ticket/getticket', { access_token: access, type: 'jsapi' });
  expect(second.ticket).toBe(first.ticket);
  const set = '/cgi-bin/component/set_authorizer_option';
  const body = { option_name: 'voice_recognize', option_value: '1' };
  expect((await p.post(set, { access_token: access }, body)).errcode).toBe(0);
  const got = await p.post('/cgi-bin/component/get_authorizer_option', { access_token: access }, body);
  expect(got).toEqual(body);
  expect((await p.post(set, { access_token: access }, { ...body, option_value: '7' })).errcode).toBe(61013);
});

test('a page ticket is replaced shortly before it expires, and not earlier', async () => {
  const p = await openSimulator();
  const { access } = await p.authorize();
  const ask = () => p.get('/cgi-bin/ticket/getticket', { access_token: access, type: 'jsapi' });
  const first = await ask();
  expect(first.expires_in).toBe(7_200);
  const begun = Date.now();
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    vi.setSystemTime(begun + 6_890_000);
    const later = await ask();
    expect(later.ticket).toBe(first.ticket);
    expect(later.expires_in).toBeLessThan(320);
    vi.setSystemTime(begun + 6_905_000);
    expect((await ask()).ticket).not.toBe(first.ticket);
  } finally {
    vi.useRealTimers();
  }
});

test('a mini program can send only its own kinds of messages', async () => {
  const p = await openSimulator();
  const { access } = await p.authorize(MINI);
  const { openids } = await p.control('GET /followers?appid=wx00000000000000b2&limit=1');
  const send = async (msgtype: string) =>
    (await p.post(SEND, { access_token: access }, { touser: openids[0], msgtype, [msgtype]: { content: 'x' } }))
      .errcode;
  expect(await send('text')).toBe(0);
  expect(await send('news')).toBe(40008);
});
