import { expect, test } from 'vitest';
import { COMPONENT, KEY, OFFICIAL, openSimulator, SECRET, TOKEN } from './open-simulator.ts';

test.each([
  ['POST /authorize', { appid: 'wxnobody' }, 'account wxnobody is unknown'],
  ['POST /authorize', {}, 'appid must be a text'],
  ['POST /authorize', { appid: OFFICIAL, funcIds: ['1'] }, 'funcIds must be a list of whole numbers'],
  ['POST /push', { appid: OFFICIAL, url: 'both' }, 'url must be one of events, messages'],
  ['POST /push', { appid: OFFICIAL, url: 'messages', fault: 'odd' }, 'fault must be one of bad-msg-signature'],
  ['POST /expire', { token: 'component', as: 1 }, 'as must be 42001, 40001 or 40014'],
  ['POST /fail', { path: '/x', how: 'badly' }, 'how must be one of errcode'],
  ['POST /delay', { path: '/x' }, 'ms must be a whole number'],
  ['POST /quota', { appid: 'wxnobody', path: '/x' }, 'appid wxnobody is unknown'],
  ['POST /options', { nope: true }, 'nope is unknown'],
  ['POST /options', { duplicateRate: 2 }, 'duplicateRate must be a number from 0 to 1'],
  ['POST /rotate-key', { encodingAesKey: 'short' }, 'encodingAesKey must be 43 letters or digits'],
  ['POST /accounts', { appid: 'wxn', kind: 'shop', nickName: 'x' }, 'the account.kind must be'],
  ['POST /tick', { component: 'wxnobody' }, 'component wxnobody is unknown'],
  ['POST /tick', { typo: 1 }, 'typo is unknown'],
])('%s %j is refused with a sentence', async (label, body, sentence) => {
  const p = await openSimulator();
  await expect(p.control(label, body)).rejects.toThrow(`400 ${sentence}`);
});

test('an unknown route lists the known ones; a body must be JSON', async () => {
  const p = await openSimulator();
  const unknown = await fetch(`${p.simulator.url}/_control/what`);
  expect(unknown.status).toBe(404);
  expect(((await unknown.json()) as { routes: string[] }).routes).toContain('GET /_control/state');
  const broken = await fetch(`${p.simulator.url}/_control/tick`, { method: 'POST', body: '{' });
  expect(broken.status).toBe(400);
});

test('accounts can be added at run time', async () => {
  const p = await openSimulator();
  await p.control('POST /accounts', { appid: 'wxlate', kind: 'official-account', nickName: 'late', followers: 2 });
  const { access } = await p.authorize('wxlate');
  expect((await p.get('/cgi-bin/user/get', { access_token: access })).total).toBe(2);
});

test('an account can be renamed without a push', async () => {
  const p = await openSimulator();
  const { component } = await p.authorize(OFFICIAL);
  await p.control('POST /rename', { appid: OFFICIAL, nickName: '新名字' });
  const asked = { component_appid: COMPONENT, authorizer_appid: OFFICIAL };
  const info = await p.post('/cgi-bin/component/api_get_authorizer_info', { component_access_token: component }, asked);
  expect(info.authorizer_info).toMatchObject({ nick_name: '新名字' });
});

test('with several components the request must name one', async () => {
  const component = {
    appid: COMPONENT,
    appsecret: SECRET,
    token: TOKEN,
    encodingAesKey: KEY,
    eventUrl: 'http://127.0.0.1:9/e',
    messageUrl: 'http://127.0.0.1:9/$APPID$',
  };
  const p = await openSimulator({ components: [component, { ...component, appid: 'wxsecond' }] });
  await expect(p.control('POST /authorize', { appid: OFFICIAL })).rejects.toThrow('component is required');
  const answer = await p.control('POST /authorize', { component: 'wxsecond', appid: OFFICIAL, push: false });
  expect(answer).toMatchObject({ pushed: false, change: 'authorized' });
});

test('a reset secret is refused at once', async () => {
  const p = await openSimulator();
  const ticket = await p.ticket();
  await p.control('POST /reset-secret', { appsecret: 'new' });
  expect((await p.askForComponentToken(ticket)).errcode).toBe(40125);
});

test('the newest deliveries can be read', async () => {
  const p = await openSimulator();
  await p.control('POST /tick', {});
  const { deliveries } = await p.control('GET /deliveries?limit=1');
  expect(deliveries).toMatchObject([
    { what: 'component_verify_ticket', status: 200, body: 'success', complaint: null },
  ]);
});
