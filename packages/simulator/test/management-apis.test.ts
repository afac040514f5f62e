import { expect, test } from 'vitest';
import { OFFICIAL, openSimulator, until } from './open-simulator.ts';
import { element } from './receiver.ts';

async function official() {
  const p = await openSimulator();
  const { access } = await p.authorize();
  const query = { access_token: access };
  const { openids } = await p.control('GET /followers?appid=wx00000000000000a1&limit=5');
  return {
    p,
    openids: openids as string[],
    get: (path: string, more: Record<string, string> = {}) => p.get(path, { ...query, ...more }),
    post: (path: string, body: object) => p.post(path, query, body),
    async upload(path: string, fileName: string, bytes: Buffer, more: Record<string, string> = {}) {
      const form = new FormData();
      form.append('media', new Blob([new Uint8Array(bytes)], { type: 'image/png' }), fileName);
      for (const [name, value] of Object.entries(more)) form.append(name, value);
      const mark = path.includes('?') ? '&' : '?';
      const url = `${p.simulator.url}${path}${mark}access_token=${encodeURIComponent(access)}`;
      return (await (await fetch(url, { method: 'POST', body: form })).json()) as Record<string, string>;
    },
    raw: (path: string, body: object) =>
      fetch(`${p.simulator.url}${path}?access_token=${access}`, { method: 'POST', body: JSON.stringify(body) }),
  };
}

test('tags can be renamed and deleted, but not those of the system', async () => {
  const { post, get, openids } = await official();
  const { tag } = await post('/cgi-bin/tags/create', { tag: { name: '一' } });
  await post('/cgi-bin/tags/create', { tag: { name: '二' } });
  expect((await post('/cgi-bin/tags/update', { tag: { id: tag.id, name: '二' } })).errcode).toBe(45157);
  expect((await post('/cgi-bin/tags/update', { tag: { id: 2, name: '三' } })).errcode).toBe(45058);
  expect((await post('/cgi-bin/tags/update', { tag: { id: tag.id, name: '三' } })).errcode).toBe(0);
  const members = { openid_list: openids, tagid: tag.id };
  await post('/cgi-bin/tags/members/batchtagging', members);
  expect((await post('/cgi-bin/tags/getidlist', { openid: openids[0] })).tagid_list).toEqual([tag.id]);
  await post('/cgi-bin/tags/members/batchuntagging', { ...members, openid_list: openids.slice(1) });
  expect((await get('/cgi-bin/tags/get')).tags).toContainEqual({ id: tag.id, name: '三', count: 1 });
  expect((await post('/cgi-bin/tags/delete', { tag: { id: tag.id } })).errcode).toBe(0);
  expect((await post('/cgi-bin/tags/getidlist', { openid: openids[0] })).tagid_list).toEqual([]);
  expect((await post('/cgi-bin/tags/delete', { tag: { id: tag.id } })).errcode).toBe(45159);
});

test('a blacklisted follower is listed and gets no messages', async () => {
  const { post, openids } = await official();
  const list = '/cgi-bin/tags/members/getblacklist';
  expect(await post(list, { begin_openid: '' })).toEqual({ total: 0, count: 0, next_openid: '' });
  await post('/cgi-bin/tags/members/batchblacklist', { openid_list: openids.slice(0, 2) });
  expect(await post(list, { begin_openid: openids[0] })).toMatchObject({ total: 2, data: { openid: [openids[1]] } });
  const message = { touser: openids[0], msgtype: 'text', text: { content: 'x' } };
  expect((await post('/cgi-bin/message/custom/send', message)).errcode).toBe(45015);
  await post('/cgi-bin/tags/members/batchunblacklist', { openid_list: [openids[0]] });
  expect((await post('/cgi-bin/message/custom/send', message)).errcode).toBe(0);
  const foreign = { openid_list: ['oForeign'] };
  expect((await post('/cgi-bin/tags/members/batchblacklist', foreign)).errcode).toBe(49003);
});

test('a conditional menu is shown to the followers whom its rule matches', async () => {
  const { post, get, openids } = await official();
  const button = (name: string) => [{ type: 'click', name, key: 'K' }];
  const add = (tag_id: number) =>
    post('/cgi-bin/menu/addconditional', { button: button('常客'), matchrule: { tag_id: String(tag_id) } });
  expect((await add(1)).errcode).toBe(46003);
  await post('/cgi-bin/menu/create', { button: button('所有人') });
  const { tag } = await post('/cgi-bin/tags/create', { tag: { name: '常客' } });
  await post('/cgi-bin/tags/members/batchtagging', { openid_list: [openids[0]], tagid: tag.id });
  const { menuid } = await add(tag.id);
  const seenBy = (user_id: string | undefined) => post('/cgi-bin/menu/trymatch', { user_id });
  expect((await seenBy(openids[0])).button).toEqual(button('常客'));
  expect((await seenBy(openids[1])).button).toEqual(button('所有人'));
  expect((await seenBy('oForeign')).errcode).toBe(46004);
  expect((await get('/cgi-bin/menu/get')).conditionalmenu).toHaveLength(1);
  expect((await get('/cgi-bin/get_current_selfmenu_info')).is_menu_open).toBe(1);
  expect((await post('/cgi-bin/menu/delconditional', { menuid })).errcode).toBe(0);
  expect((await post('/cgi-bin/menu/delconditional', { menuid })).errcode).toBe(65301);
});

test.each([
  [40016, []],
  [40016, Array.from({ length: 4 }, () => ({ type: 'click', name: 'a', key: 'k' }))],
  [40017, [{ type: 'dance', name: 'a' }]],
  [40018, [{ type: 'click', name: '六个字的菜单', key: 'k' }]],
  [40019, [{ type: 'click', name: 'a', key: 'k'.repeat(129) }]],
  [40020, [{ type: 'view', name: 'a', url: 'u'.repeat(1025) }]],
  [40023, [{ name: 'a', sub_button: Array.from({ length: 6 }, () => ({ type: 'click', name: 'a', key: 'k' })) }]],
])('a menu that breaks a rule: %i', async (errcode, button) => {
  const { post } = await official();
  expect((await post('/cgi-bin/menu/create', { button })).errcode).toBe(errcode);
});

test('QR codes have a ticket, and the ticket a picture', async () => {
  const { p, post } = await official();
  const create = (action_name: string, scene: object, expire_seconds?: number) =>
    post('/cgi-bin/qrcode/create', { action_name, action_info: { scene }, expire_seconds });
  const passing = await create('QR_SCENE', { scene_id: 123 }, 604_800);
  expect(passing).toMatchObject({
    expire_seconds: 604_800,
    url: expect.stringMatching(/^http:\/\/weixin\.qq\.com\/q\//),
  });
  const lasting = await create('QR_LIMIT_STR_SCENE', { scene_str: 'test' });
  expect(Object.keys(lasting)).toEqual(['ticket', 'url']);
  expect((await create('QR_LIMIT_SCENE', { scene_id: 100_001 })).errcode).toBe(40035);
  const picture = (ticket: string) =>
    fetch(`${p.simulator.url}/cgi-bin/showqrcode?ticket=${encodeURIComponent(ticket)}`);
  expect((await picture(passing.ticket)).headers.get('content-type')).toBe('image/png');
  expect((await picture('wrong')).status).toBe(404);
});

test('short keys return their data', async () => {
  const { post } = await official();
  const { short_key } = await post('/cgi-bin/shorten/gen', { long_data: '很长/的"数据', expire_seconds: 86_400 });
  const fetched = await post('/cgi-bin/shorten/fetch', { short_key });
  expect(fetched).toMatchObject({ errcode: 0, long_data: '很长/的"数据' });
  expect(fetched.expire_seconds).toBeLessThanOrEqual(86_400);
  expect((await post('/cgi-bin/shorten/gen', { long_data: 'x'.repeat(4097) })).errcode).toBe(40035);
});

test('material is stored, counted, listed and deleted', async () => {
  const { p, get, post, upload, raw } = await official();
  const bytes = Buffer.from('picture');
  const image = await upload('/cgi-bin/material/add_material?type=image', '封面.png', bytes);
  expect(image.url).toMatch(/^http:\/\/mmbiz\.qpic\.cn\//);
  const back = await raw('/cgi-bin/material/get_material', { media_id: image.media_id });
  expect(back.headers.get('content-type')).toBe('image/png');
  expect(Buffer.from(await back.arrayBuffer())).toEqual(bytes);

  const about = { description: '{"title":"标题","introduction":"介绍"}' };
  const video = await upload('/cgi-bin/material/add_material?type=video', 'v.mp4', bytes, about);
  const shown = await post('/cgi-bin/material/get_material', { media_id: video.media_id });
  expect(shown).toMatchObject({ title: '标题', description: '介绍' });
  expect(shown.down_url.startsWith(p.simulator.url)).toBe(true);
  expect(Buffer.from(await (await fetch(shown.down_url)).arrayBuffer())).toEqual(bytes);

  const articles = [{ title: 't', thumb_media_id: image.media_id, content: '<p>x</p>' }];
  const news = await post('/cgi-bin/material/add_news', { articles });
  const changed = { media_id: news.media_id, index: 0, articles: { ...articles[0], title: 'u' } };
  expect((await post('/cgi-bin/material/update_news', changed)).errcode).toBe(0);
  expect((await post('/cgi-bin/material/get_material', { media_id: news.media_id })).news_item[0].title).toBe('u');
  const bad = { articles: [{ title: 't', thumb_media_id: 'temporary' }] };
  expect((await post('/cgi-bin/material/add_news', bad)).errcode).toBe(40007);

  const counts = { voice_count: 0, video_count: 1, image_count: 1, news_count: 1 };
  expect(await get('/cgi-bin/material/get_materialcount')).toEqual(counts);
  const listed = await post('/cgi-bin/material/batchget_material', { type: 'image', offset: 0, count: 20 });
  expect(listed).toMatchObject({
    total_count: 1,
    item_count: 1,
    item: [{ media_id: image.media_id, name: '封面.png' }],
  });
  expect((await post('/cgi-bin/material/del_material', { media_id: image.media_id })).errcode).toBe(0);
  expect((await post('/cgi-bin/material/get_material', { media_id: image.media_id })).errcode).toBe(40007);
  expect((await upload('/cgi-bin/media/uploadimg', 'a.png', bytes)).url).toMatch(/^http:/);
  expect((await upload('/cgi-bin/media/uploadimg', 'a.gif', bytes)).errcode).toBe(40005);
});

test('templates are added, listed and deleted; the industry changes once a month', async () => {
  const { get, post } = await official();
  const industry = { industry_id1: '1', industry_id2: '4' };
  expect((await post('/cgi-bin/template/api_set_industry', industry)).errcode).toBe(0);
  expect((await post('/cgi-bin/template/api_set_industry', industry)).errcode).toBe(43100);
  expect((await get('/cgi-bin/template/get_industry')).secondary_industry.second_class).toBe('行业4');
  const { template_id } = await post('/cgi-bin/template/api_add_template', { template_id_short: 'TM00015' });
  expect((await get('/cgi-bin/template/get_all_private_template')).template_list).toMatchObject([{ template_id }]);
  for (let n = 1; n < 25; n += 1) await post('/cgi-bin/template/api_add_template', { template_id_short: `T${n}` });
  expect((await post('/cgi-bin/template/api_add_template', { template_id_short: 'T' })).errcode).toBe(45026);
  expect((await post('/cgi-bin/template/del_private_template', { template_id })).errcode).toBe(0);
  expect((await post('/cgi-bin/template/del_private_template', { template_id })).errcode).toBe(40037);
});

test('typing is shown once, and only to a user who has just written', async () => {
  const { p, post, openids } = await official();
  const type = async (command: string) =>
    (await post('/cgi-bin/message/custom/typing', { touser: openids[0], command })).errcode;
  expect(await type('Typing')).toBe(45080);
  await p.control('POST /push', {
    appid: OFFICIAL,
    url: 'messages',
    fields: { FromUserName: openids[0], Content: 'x' },
  });
  expect(await type('Typing')).toBe(0);
  expect(await type('Typing')).toBe(45081);
  expect(await type('CancelTyping')).toBe(0);
  expect(await type('Typing')).toBe(0);
  expect(await type('Dance')).toBe(40035);
});

test('the result of a template message is pushed, sometimes before the call is answered', async () => {
  const { p, openids, raw } = await official();
  await p.control('POST /options', { earlyJobEventRate: 1 });
  const message = { touser: openids[0], template_id: 't', data: {} };
  const text = await (await raw('/cgi-bin/message/template/send', message)).text();
  const msgid = /"msgid":(\d+)/.exec(text)?.[1];
  // It was delivered before the answer came.
  const pushed = p.receiver.received.at(-1)!.message;
  expect(element(pushed, 'Event')).toBe('TEMPLATESENDJOBFINISH');
  expect(element(pushed, 'MsgID')).toBe(msgid);
  expect(element(pushed, 'Status')).toBe('success');
  expect(element(pushed, 'MsgId')).toBeUndefined();
});

test('the result is usually pushed later, and never if the option is off', async () => {
  const p = await openSimulator({ timeScale: 100 });
  const { access } = await p.authorize();
  const { openids } = await p.control('GET /followers?appid=wx00000000000000a1&limit=1');
  await p.control('POST /options', { earlyJobEventRate: 0 });
  const send = () =>
    p.post(
      '/cgi-bin/message/template/send',
      { access_token: access },
      { touser: openids[0], template_id: 't', data: {} },
    );
  const events = () =>
    p.receiver.received.filter((push) => element(push.message, 'Event') === 'TEMPLATESENDJOBFINISH').length;
  expect((await send()).errcode).toBe(0);
  expect(events()).toBe(0);
  await until(() => events() === 1);
  await p.control('POST /options', { jobEvents: false, earlyJobEventRate: 1 });
  await send();
  expect(events()).toBe(1);
});

test('one clientmsgid sends one mass message', async () => {
  const p = await openSimulator({ timeScale: 100 });
  const { access } = await p.authorize();
  const body = { filter: { is_to_all: true }, msgtype: 'text', text: { content: 'x' }, clientmsgid: 'c' };
  const send = async (changes: object = {}) => {
    const url = `${p.simulator.url}/cgi-bin/message/mass/sendall?access_token=${access}`;
    return await (await fetch(url, { method: 'POST', body: JSON.stringify({ ...body, ...changes }) })).text();
  };
  const id = /"msg_id":(\d+),/.exec(await send())?.[1];
  expect(BigInt(id ?? 0)).toBeGreaterThan(2n ** 53n);
  expect(await send()).toContain('"errcode":45066');
  const doubled = await until(async () => ((answer) => answer.includes('"errcode":45065') && answer)(await send()));
  expect(doubled).toContain(`"msg_id":${id}`);
  expect(await send({ clientmsgid: 'c'.repeat(65) })).toContain('"errcode":45067');
  expect((await p.control('GET /messages')).messages).toHaveLength(1);
  const state = async () =>
    await (
      await fetch(`${p.simulator.url}/cgi-bin/message/mass/get?access_token=${access}`, {
        method: 'POST',
        body: `{"msg_id":"${id}"}`,
      })
    ).text();
  await until(async () => (await state()).includes('"SEND_SUCCESS"'));
  const pushed = await until(() => p.receiver.received.find((push) => push.message.includes('MASSSENDJOBFINISH')));
  expect(element(pushed.message, 'MsgID')).toBe(id);
  expect(element(pushed.message, 'SentCount')).toBe('25');
});
