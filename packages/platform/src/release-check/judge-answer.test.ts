import { expect, it } from 'vitest';
import { Components } from '../component/components.ts';
import { sealedReply } from '../reply/sealed-reply.ts';
import type { OutboundResult } from '../webhook/outbound-request.ts';
import { judgeEmpty, judgeReply, judgeSuccess, type StepResult } from './judge-answer.ts';

const settings = { appid: 'wxc', appsecret: 's', token: 'aToken', encodingAesKey: 'a'.repeat(43) };
const component = new Components([settings]).get('wxc');
const foreign = new Components([{ ...settings, encodingAesKey: 'b'.repeat(43) }]).get('wxc');

function answered(body: string, status = 200, cut = false): OutboundResult {
  return { kind: 'answered', status, headers: {}, body: Buffer.from(body), cut, ms: 7 };
}
const failed = (code: 'no_connection' | 'timeout'): OutboundResult => ({ kind: 'failed', code, ms: 5_000 });
const reply = (content: string, of = component) =>
  sealedReply(
    { type: 'text', content },
    { openid: 'o1', userName: 'gh_1' },
    { keys: of.envelopeKeys, keyIndex: 0, nonce: 'n' },
  );
const codeOf = ({ state, code }: StepResult) => (state === 'ok' ? 'ok' : code);

it.each([
  [answered('success'), 'ok'],
  [answered('success\n'), 'not_success'],
  [answered(''), 'not_success'],
  [answered('success', 502), 'not_success'],
  [answered('success', 200, true), 'not_success'],
  [answered('', 403), 'signature_refused'],
  [failed('timeout'), 'too_slow'],
  [failed('no_connection'), 'not_success'],
])('a ticket that is answered %j is %s', (result, code) => expect(codeOf(judgeSuccess(result))).toBe(code));

it.each([
  [answered(reply('expected')), 'ok'],
  [answered(reply('expected ')), 'wrong_text'],
  [answered(reply('expected', foreign)), 'plain_reply'],
  [answered('<xml><MsgType>text</MsgType><Content>expected</Content></xml>'), 'plain_reply'],
  [answered('<html>'), 'plain_reply'],
  [answered('success'), 'no_reply'],
  [answered(''), 'no_reply'],
  [answered('', 404), 'no_reply'],
  [answered('', 403), 'signature_refused'],
  [failed('timeout'), 'too_slow'],
])('a text that is answered %j is %s', (result, code) => {
  expect(codeOf(judgeReply(result, 'expected', component))).toBe(code);
});

it.each([
  [answered(''), 'ok'],
  [answered('success'), 'not_empty'],
  [answered('', 503), 'not_empty'],
  [failed('timeout'), 'too_slow'],
])('a code that is answered %j is %s', (result, code) => expect(codeOf(judgeEmpty(result))).toBe(code));

it('shows what was expected and what came, opened and shortened', () => {
  expect(judgeReply(answered(reply('other')), 'expected', component)).toMatchObject({
    ...{ expected: 'expected', got: 'other', ms: 7 },
  });
  expect(judgeSuccess(answered('x'.repeat(1_000))).got).toHaveLength(201);
});
