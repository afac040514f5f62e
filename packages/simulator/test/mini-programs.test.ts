import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openWorld } from '../src/world.ts';
import { MINI, OFFICIAL, openSimulator, until } from './open-simulator.ts';
import { element } from './receiver.ts';

const CODE = '/wxa/getwxacode';
const QR = '/cgi-bin/wxaapp/createwxaqrcode';
const UNLIMITED = '/wxa/getwxacodeunlimit';
const PHONE = '/wxa/business/getuserphonenumber';
const SEND = '/cgi-bin/message/subscribe/send';
const CHECK = '/wxa/msg_sec_check';

async function mini(funcIds?: number[]) {
  const p = await openSimulator();
  const { access } = await p.authorize(MINI, funcIds);
  const query = { access_token: access };
  const { openids } = await p.control(`GET /followers?appid=${MINI}&limit=3`);
  return {
    p,
    openids: openids as string[],
    post: (path: string, body: object) => p.post(path, query, body),
    async picture(path: string, body: object) {
      const url = `${p.simulator.url}${path}?${new URLSearchParams(query)}`;
      const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
      expect(response.headers.get('content-type')).toBe('image/png');
      return Buffer.from(await response.arrayBuffer());
    },
  };
}

/** The width, the comment and the pixels (RGBA) of a PNG. */
function read(png: Buffer) {
  expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    chunks.set(png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const [width, height] = [chunks.get('IHDR')!.readUInt32BE(0), chunks.get('IHDR')!.readUInt32BE(4)];
  expect(height).toBe(width);
  const rows = inflateSync(chunks.get('IDAT')!);
  expect(rows).toHaveLength(width * (4 * width + 1));
  const pixel = (x: number, y: number) => [...rows.subarray(y * (4 * width + 1) + 1 + 4 * x).subarray(0, 4)];
  return { width, comment: chunks.get('tEXt')!.toString('latin1'), pixel };
}

test.each([
  [48001, CODE, { path: 'x' }],
  [48001, QR, { path: 'x' }],
  [48001, UNLIMITED, { scene: 'x' }],
  [48001, PHONE, { code: 'x' }],
  [48001, SEND, { touser: 'x' }],
  [48001, CHECK, { content: 'x' }],
])('an official account gets %i at %s, and a mini program without the permission set 61007', async (_, path, body) => {
  const p = await openSimulator();
  const { access } = await p.authorize(OFFICIAL);
  expect((await p.post(path, { access_token: access }, body)).errcode).toBe(48001);
  const { post } = await mini([19]);
  expect((await post(path, body)).errcode).toBe(61007);
});

test('a code is a picture that depends on its parameters only, and says that it is simulated', async () => {
  const { picture } = await mini();
  const one = await picture(CODE, { path: 'pages/index?a=1' });
  expect(one.equals(await picture(CODE, { path: 'pages/index?a=1' }))).toBe(true);
  const { width, comment, pixel } = read(one);
  expect(width).toBe(430);
  expect(comment).toBe(`Comment\0simulated, cannot be scanned: ${MINI}%20pages/index?a=1%20release`);
  // The plate with the word across the centre, and the white corner.
  expect([pixel(90, 215), pixel(0, 0)]).toEqual([
    [200, 30, 30, 255],
    [255, 255, 255, 255],
  ]);
  const others = [
    await picture(CODE, { path: 'pages/index?a=2' }),
    await picture(CODE, { path: 'pages/index?a=1', env_version: 'trial' }),
    await picture(QR, { path: 'pages/index?a=1' }),
    await picture(UNLIMITED, { scene: 'a=1', page: 'pages/index' }),
    await picture(UNLIMITED, { scene: 'a=2', page: 'pages/index' }),
  ];
  expect(new Set([one, ...others].map((bytes) => bytes.toString('base64'))).size).toBe(6);
  expect(read(await picture(CODE, { path: 'p', width: 99 })).width).toBe(280);
  expect(read(await picture(CODE, { path: 'p', width: 700 })).width).toBe(700);
  const clear = read(await picture(UNLIMITED, { scene: 'a', is_hyaline: true, line_color: { r: 1, g: 2, b: 3 } }));
  expect(clear.pixel(0, 0)[3]).toBe(0);
  // The middle of an eye.
  expect(clear.pixel(82, 82)).toEqual([1, 2, 3, 255]);
});

test.each([
  [40159, CODE, { path: '' }],
  [40159, CODE, { path: 'x'.repeat(1025) }],
  [40159, QR, { path: 'x'.repeat(129) }],
  [40097, CODE, { path: 'x', env_version: 'beta' }],
  [40097, CODE, { path: 'x', width: 'wide' }],
  [40097, CODE, { path: 'x', line_color: { r: 300 } }],
  [40169, UNLIMITED, { scene: '' }],
  [40169, UNLIMITED, { scene: 'x'.repeat(33) }],
  [40169, UNLIMITED, { scene: '中文' }],
  [41030, UNLIMITED, { scene: 'x', page: '/pages/index' }],
  [41030, UNLIMITED, { scene: 'x', page: 'pages/index?a=1' }],
])('a wrong parameter of a code gets %i (%s %j)', async (errcode, path, body) => {
  const { post } = await mini();
  expect((await post(path, body)).errcode).toBe(errcode);
});

test('the pages of a mini program can be supplied, and the codes of the two older APIs are limited', async () => {
  const { p, post, picture } = await mini();
  await p.control('POST /pages', { appid: MINI, pages: ['pages/index'] });
  const other = { scene: 'x', page: 'pages/other' };
  expect((await post(UNLIMITED, other)).errcode).toBe(41030);
  await picture(UNLIMITED, { ...other, check_path: false });
  await picture(UNLIMITED, { ...other, env_version: 'develop' });
  await picture(UNLIMITED, { scene: 'x', page: 'pages/index' });
  await p.control('POST /pages', { appid: MINI });
  await picture(UNLIMITED, other);
  await p.control('POST /options', { maxLimitedCodes: 2 });
  await picture(CODE, { path: 'x' });
  await picture(QR, { path: 'x' });
  expect((await post(CODE, { path: 'x' })).errcode).toBe(45029);
  expect((await post(QR, { path: 'x' })).errcode).toBe(45029);
});

test('a code for a phone number works once, for its mini program', async () => {
  const { p, post } = await mini();
  const first = await p.control('POST /phone-code', { appid: MINI, openid: 'oNewUser' });
  expect(await post(PHONE, { code: first.code, openid: 'oNewUser' })).toMatchObject({
    ...{ errcode: 0, errmsg: 'ok' },
    phone_info: {
      ...{ phoneNumber: first.phoneNumber, purePhoneNumber: first.phoneNumber, countryCode: '86' },
      watermark: { timestamp: expect.any(Number), appid: MINI },
    },
  });
  expect((await post(PHONE, { code: first.code })).errcode).toBe(40029);
  expect((await post(PHONE, { code: 'made-up' })).errcode).toBe(40029);
  const abroad = await p.control('POST /phone-code', { appid: MINI, phoneNumber: '51234567', countryCode: '852' });
  expect((await post(PHONE, { code: abroad.code })).phone_info).toMatchObject({
    phoneNumber: '+85251234567',
    purePhoneNumber: '51234567',
  });
  // The code is a secret of its user.
  expect((await p.control('GET /secrets')).userCodes).toContain(first.code);
  await expect(p.control('POST /phone-code', { appid: OFFICIAL })).rejects.toThrow('no mini program');
});

test('a code for a phone number is for five minutes and for one account', async () => {
  const world = openWorld({ timeScale: 100_000, components: [], accounts: [] }, new AbortController().signal);
  const phone = { appid: MINI, openid: 'o', number: '10000000000', countryCode: '86' };
  const code = world.phoneCodes.issue(phone);
  await until(() => world.phoneCodes.spend(OFFICIAL, code) === 40029);
  const slow = openWorld({ components: [], accounts: [] }, new AbortController().signal);
  const fresh = slow.phoneCodes.issue(phone);
  expect(slow.phoneCodes.spend(OFFICIAL, fresh)).toBe(40013);
  expect(slow.phoneCodes.spend(MINI, fresh)).toMatchObject(phone);
});

test('a subscription message reaches a user as often as the user accepted it', async () => {
  const { p, post, openids } = await mini();
  await p.control('POST /options', { earlyJobEventRate: 1 });
  const [openid = '', other = ''] = openids;
  const message = { touser: openid, template_id: 'T', page: 'pages/index', data: { thing1: { value: '预约成功' } } };
  expect(await post(SEND, message)).toMatchObject({ errcode: 43101, errmsg: expect.stringContaining('/_control/') });
  await p.control('POST /subscribe', { appid: MINI, openid, templateId: 'T' });
  const popup = p.receiver.received.find((one) => one.message.includes('subscribe_msg_popup_event'));
  expect(element(popup?.message ?? '', 'SubscribeStatusString')).toBe('accept');
  const sent = await post(SEND, message);
  expect(sent.errcode).toBe(0);
  const result = p.receiver.received.find((one) => one.message.includes('subscribe_msg_sent_event'));
  expect(element(result?.message ?? '', 'ErrorStatus')).toBe('success');
  expect(element(result?.message ?? '', 'TemplateId')).toBe('T');
  expect((await p.control(`GET /messages?appid=${MINI}`)).messages).toMatchObject([
    { touser: openid, msgtype: 'subscription', content: message },
  ]);
  expect((await post(SEND, message)).errcode).toBe(43101);
  await p.control('POST /subscribe', { appid: MINI, openid, templateId: 'T', times: 2 });
  await p.control('POST /subscribe', { appid: MINI, openid, templateId: 'T', accept: false });
  expect((await post(SEND, message)).errcode).toBe(43101);
  expect((await post(SEND, { ...message, touser: other })).errcode).toBe(43101);
});

test('a subscription message is checked before it is sent', async () => {
  const { p, post, openids } = await mini();
  const keywords = ['thing1', 'number2'];
  const { templateId } = await p.control('POST /subscription-template', { appid: MINI, keywords });
  await p.control('POST /subscribe', { appid: MINI, openid: openids[0], templateId });
  const data = { thing1: { value: 'x' }, number2: { value: 3 } };
  const message = { touser: openids[0], template_id: templateId, data };
  const errcode = async (changes: object) => (await post(SEND, { ...message, ...changes })).errcode;
  expect(await errcode({ touser: 'oForeign' })).toBe(40003);
  expect(await errcode({ template_id: '' })).toBe(40037);
  expect(await errcode({ page: '/pages/index' })).toBe(41030);
  expect(await errcode({ miniprogram_state: 'beta' })).toBe(40097);
  expect(await errcode({ data: 'x' })).toBe(47001);
  for (const wrong of [
    { thing1: { value: 'x' } },
    { ...data, thing1: { value: '' } },
    { ...data, thing1: { value: 'x'.repeat(21) } },
    { ...data, number2: { value: 'three' } },
    { ...data, thing9: { value: 'x' } },
  ]) {
    expect(await errcode({ data: wrong }), JSON.stringify(wrong)).toBe(47003);
  }
  expect(await errcode({})).toBe(0);
});

test('texts are checked for risky words, in the older form and in the newer one', async () => {
  const { p, post, openids } = await mini();
  await p.control('POST /options', { riskyWords: ['劣质'] });
  expect(await post(CHECK, { content: '你好' })).toEqual({ errcode: 0, errmsg: 'ok' });
  expect((await post(CHECK, { content: '劣质内容' })).errcode).toBe(87014);
  const ask = (content: string, changes: object = {}) =>
    post(CHECK, { content, version: 2, scene: 1, openid: openids[0], ...changes });
  expect(await ask('你好')).toMatchObject({
    ...{ errcode: 0, result: { suggest: 'pass', label: 100 }, trace_id: expect.stringMatching(/^[\da-f]{8}-/) },
    detail: [{ strategy: 'content_model', suggest: 'pass' }, { strategy: 'keyword' }],
  });
  expect(await ask('你好', { nickname: '劣质' })).toMatchObject({
    errcode: 0,
    result: { suggest: 'risky', label: 21_000 },
    detail: [{ suggest: 'risky' }, { keyword: '劣质' }],
  });
  const errcode = async (content: string, changes: object) => (await ask(content, changes)).errcode;
  expect(await errcode('x', { openid: 'oForeign' })).toBe(40003);
  expect(await errcode('x', { scene: 5 })).toBe(40097);
  expect(await errcode('x', { version: 3 })).toBe(990404);
  expect(await errcode('x'.repeat(2501), {})).toBe(45002);
  expect(await errcode('', {})).toBe(47001);
  await p.control('POST /quota', { appid: MINI, path: CHECK, minute: 1 });
  expect(await errcode('x', {})).toBe(44991);
  await expect(p.control('POST /options', { riskyWords: [''] })).rejects.toThrow('list of texts');
});

test('a user who logs in is known to the mini program from then on', async () => {
  const p = await openSimulator({ accounts: [{ appid: MINI, kind: 'mini-program', nickName: '空' }] });
  const { access } = await p.authorize(MINI);
  const { openid } = await p.control('POST /login', { appid: MINI });
  const message = { touser: openid, msgtype: 'text', text: { content: '您好' } };
  expect((await p.post('/cgi-bin/message/custom/send', { access_token: access }, message)).errcode).toBe(0);
});
