import { createHash } from 'node:crypto';
import { createContext, runInContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import { COMPONENT, type Json, OFFICIAL, type OpenSimulator, openSimulator } from './open-simulator.ts';

const PAGE = 'https://shop.example.com/page?a=1';

function sign(ticket: string, url: string, timestamp = '1414587457', nonceStr = 'Wm3WZYTPz0wzccnW') {
  const signed = `jsapi_ticket=${ticket}&noncestr=${nonceStr}&timestamp=${timestamp}&url=${url}`;
  return { appId: OFFICIAL, timestamp, nonceStr, signature: createHash('sha1').update(signed).digest('hex') };
}

async function ticketOf(p: OpenSimulator, type = 'jsapi'): Promise<string> {
  const { access } = await p.authorize();
  return (await p.get('/cgi-bin/ticket/getticket', { access_token: access, type })).ticket;
}

/** The script in a page at this address. */
async function wxAt(p: OpenSimulator, href: string): Promise<Json> {
  const src = `${p.simulator.url}/open/js/jweixin-1.6.0.js`;
  const response = await fetch(src);
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'application/javascript; charset=utf-8',
  ]);
  const window: Json = {};
  const page = { window, location: { href }, document: { currentScript: { src } }, fetch, URL, URLSearchParams };
  runInContext(await response.text(), createContext(page));
  return window.wx;
}

function outcome(wx: Json, config: object): Promise<string> {
  return new Promise((resolve) => {
    wx.ready(() => resolve('config:ok'));
    wx.error(({ errMsg }: { errMsg: string }) => resolve(errMsg));
    wx.config(config);
  });
}

test('a page that is signed for its URL without the fragment is ready, and may use the APIs that it named', async () => {
  const p = await openSimulator();
  const config = { ...sign(await ticketOf(p), PAGE), jsApiList: ['updateAppMessageShareData', 'scanQRCode'] };
  const wx = await wxAt(p, `${PAGE}#/inner`);
  expect(await outcome(wx, config)).toBe('config:ok');
  const results: string[] = [];
  const note = ({ errMsg }: { errMsg: string }) => results.push(errMsg);
  for (const name of ['updateAppMessageShareData', 'updateTimelineShareData', 'scanQRCode']) {
    wx[name]({ success: note, fail: note });
  }
  expect(results).toEqual([
    'updateAppMessageShareData:ok',
    'updateTimelineShareData:permission denied',
    'scanQRCode:fail, not simulated',
  ]);
});

test.each([
  ['another URL', (ticket: string) => sign(ticket, `${PAGE}&b=2`), 'config:invalid signature'],
  ['another ticket', () => sign('another', PAGE), 'config:invalid signature'],
  ['no signature', () => ({ appId: OFFICIAL }), 'config:invalid signature'],
  ['the component', (ticket: string) => ({ ...sign(ticket, PAGE), appId: COMPONENT }), 'config:invalid appid'],
])('a page signed for %s gets an error', async (_, config, errMsg) => {
  const p = await openSimulator();
  const wx = await wxAt(p, PAGE);
  expect(await outcome(wx, config(await ticketOf(p)))).toBe(errMsg);
});

test('the ticket of cards signs no page', async () => {
  const p = await openSimulator();
  const config = sign(await ticketOf(p, 'wx_card'), PAGE);
  expect(await outcome(await wxAt(p, PAGE), config)).toBe('config:invalid signature');
});

test('a ticket signs until its own end, also after its successor was issued', async () => {
  const p = await openSimulator();
  const { access } = await p.authorize();
  const ask = async () => (await p.get('/cgi-bin/ticket/getticket', { access_token: access, type: 'jsapi' })).ticket;
  const first = await ask();
  const startedAt = Date.now();
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    vi.setSystemTime(startedAt + 7_000_000);
    const second = await ask();
    expect(second).not.toBe(first);
    for (const ticket of [first, second]) {
      expect(await outcome(await wxAt(p, PAGE), sign(ticket, PAGE))).toBe('config:ok');
    }
    vi.setSystemTime(startedAt + 7_300_000);
    expect(await outcome(await wxAt(p, PAGE), sign(first, PAGE))).toBe('config:invalid signature');
    expect(await outcome(await wxAt(p, PAGE), sign(second, PAGE))).toBe('config:ok');
  } finally {
    vi.useRealTimers();
  }
});
