import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { seal, sign } from '../src/envelope.ts';
import { COMPONENT, KEY, type OpenSimulator, openSimulator, TOKEN } from './open-simulator.ts';
import { element, type Received } from './receiver.ts';

interface Case {
  readonly name: string;
  readonly kind: string | null;
  readonly passed: boolean;
  readonly reason: string | null;
  readonly got: string | null;
}

/** What a platform answers and sends; a test changes one part of it. */
interface Platform {
  text: (content: string) => string;
  event: (name: string) => string;
  query: string;
  sent: (code: string) => string | null;
}

const CORRECT: Platform = {
  text: (content) => `${content}_callback`,
  event: (name) => `${name}from_callback`,
  query: '',
  sent: (code) => `${code}_from_api`,
};

function sealed(push: Received, content: string): string {
  const fields = {
    ToUserName: element(push.message, 'FromUserName'),
    FromUserName: element(push.message, 'ToUserName'),
    CreateTime: 1_700_000_000,
    MsgType: 'text',
    Content: `<![CDATA[${content}]]>`,
  };
  const inner = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`);
  const encrypt = seal(`<xml>${inner.join('')}</xml>`, COMPONENT, KEY, randomBytes(16));
  return `<xml><Encrypt>${encrypt}</Encrypt><MsgSignature>${sign(TOKEN, '1', '2', encrypt)}</MsgSignature><TimeStamp>1</TimeStamp><Nonce>2</Nonce></xml>`;
}

async function check(p: OpenSimulator, changes: Partial<Platform> = {}, body: object = {}) {
  const platform = { ...CORRECT, ...changes };
  const component = await p.componentToken();
  const work: Promise<unknown>[] = [];
  p.receiver.answer = (push) => {
    const { message } = push;
    const event = element(message, 'Event');
    if (event !== undefined) return { body: sealed(push, platform.event(event)) };
    const content = element(message, 'Content');
    if (content === undefined) return {};
    if (!content.startsWith('QUERY_AUTH_CODE:')) return { body: sealed(push, platform.text(content)) };
    const code = content.slice('QUERY_AUTH_CODE:'.length);
    const text = platform.sent(code);
    if (text !== null) work.push(send(p, component, code, element(message, 'FromUserName')!, text));
    return { body: platform.query };
  };
  const answer = (await p.control('POST /release-check', { sendTimeoutMs: 60_000, ...body })) as {
    group: number;
    passed: boolean;
    cases: Case[];
  };
  await Promise.all(work);
  return answer;
}

async function send(p: OpenSimulator, component: string, code: string, touser: string, content: string) {
  const exchanged = await p.post(
    '/cgi-bin/component/api_query_auth',
    { component_access_token: component },
    { component_appid: COMPONENT, authorization_code: code },
  );
  const { authorizer_access_token } = exchanged.authorization_info;
  const message = { touser, msgtype: 'text', text: { content } };
  await p.post('/cgi-bin/message/custom/send', { access_token: authorizer_access_token }, message);
}

describe('a release check', () => {
  test('is passed by a platform that does everything exactly, and ends the consent', async () => {
    const p = await openSimulator();
    await p.control('POST /options', { replyWindows: true });
    const answer = await check(p, {}, { group: 3 });
    expect(answer.cases.filter(({ passed }) => !passed)).toEqual([]);
    expect(answer).toMatchObject({ group: 3, passed: true });
    expect(answer.cases.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'null ticket',
      'official-account authorized',
      'official-account text',
      'official-account event',
      'official-account api_text',
      'official-account unauthorized',
      'mini-program authorized',
      'mini-program api_text',
      'mini-program unauthorized',
    ]);
    const { authorizations } = await p.control('GET /state');
    expect(authorizations.map(({ appid, state }: { appid: string; state: string }) => [appid, state])).toEqual([
      ['wx8e1097c5bc82cde9', 'unauthorized'],
      ['wx7720d01d4b2a4500', 'unauthorized'],
    ]);
  });

  test('can be repeated', async () => {
    const p = await openSimulator();
    for (let run = 0; run < 2; run += 1) expect((await check(p, {}, { group: 1 })).passed).toBe(true);
  });

  test.each<[string, Partial<Platform>, string, object?]>([
    ['text', { text: (content) => `${content}_callback\n` }, 'the reply has another text'],
    ['text', { text: (content) => content }, 'the reply has another text'],
    ['event', { event: (name) => `${name}_from_callback` }, 'the reply has another text'],
    ['api_text', { query: 'success', sent: () => null }, 'the answer must be empty'],
    ['api_text', { sent: () => null }, 'the code was not exchanged', { sendTimeoutMs: 0 }],
    [
      'api_text',
      { sent: (code) => `${code.replace('queryauthcode@@@', '')}_from_api` },
      'the customer message has another text',
    ],
  ])('fails the case %s of a platform that differs', async (name, changes, reason, body = {}) => {
    const p = await openSimulator();
    const answer = await check(p, changes, { kinds: ['official-account'], ...body });
    expect(answer.passed).toBe(false);
    expect(answer.cases.filter(({ passed }) => !passed)).toMatchObject([{ name, reason }]);
  });

  test('requires an encrypted reply', async () => {
    const p = await openSimulator();
    p.receiver.answer = () => ({ body: 'success' });
    const { cases } = await p.control('POST /release-check', { kinds: ['official-account'], sendTimeoutMs: 0 });
    const reasons = Object.fromEntries(cases.map((one: Case) => [one.name, one.reason]));
    expect(reasons).toEqual({
      ticket: null,
      authorized: null,
      text: 'no passive reply',
      event: 'no passive reply',
      api_text: 'the answer must be empty',
      unauthorized: null,
    });
    p.receiver.answer = () => ({ body: '<xml><MsgType>text</MsgType></xml>' });
    const plain = await p.control('POST /release-check', { kinds: ['official-account'], sendTimeoutMs: 0 });
    expect(plain.cases.find((one: Case) => one.name === 'text').reason).toBe('the reply has no Encrypt');
  });
});

test('a group or kind that does not exist is refused', async () => {
  const p = await openSimulator();
  await expect(p.control('POST /release-check', { group: 6 })).rejects.toThrow('group must be a number from 1 to 5');
  await expect(p.control('POST /release-check', { kinds: ['shop'] })).rejects.toThrow('kinds must contain only');
});
