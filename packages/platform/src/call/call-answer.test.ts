import { expect, it } from 'vitest';
import type { Call } from './call.ts';
import { callAnswer } from './call-answer.ts';

const call = (headers: Record<string, string>, body: Buffer) =>
  ({ path: '/cgi-bin/media/get', failure: null, response: { status: 200, headers, body } }) as unknown as Call;

it.each([
  ['as HTTP clients read it', Buffer.from('attachment; filename="封面.png"', 'utf8').toString('latin1')],
  ['decoded', 'attachment; filename="封面.png"'],
])('the Chinese name of a file can be read if it arrives %s', (_how, disposition) => {
  const headers = { 'content-type': 'image/png', 'content-disposition': disposition };
  const { response } = callAnswer(call(headers, Buffer.of(0xff, 0x00)));
  expect(response).toEqual({
    status: 200,
    headers: { 'content-type': 'image/png', 'content-disposition': 'attachment; filename="封面.png"' },
    body: { base64: '/wA=', contentType: 'image/png' },
  });
});

it.each([
  [
    '{"errcode":45015,"errmsg":"response out of time limit"}',
    expect.objectContaining({ zh: expect.stringMatching(/\p{Script=Han}/u) }),
  ],
  ['{"errcode":0,"errmsg":"ok"}', null],
  ['{"total":1}', null],
  ['{"errcode":"45015"}', expect.objectContaining({ en: expect.stringMatching(/\.$/) })],
  ['{"errcode":"0"}', null],
  ['[45015]', null],
  ['not JSON', null],
])('the answer %s has the explanation %j', (body, explanation) => {
  expect(callAnswer(call({ 'content-type': 'text/plain' }, Buffer.from(body))).explanation).toEqual(explanation);
});

it('a name in another encoding is not changed', () => {
  const { response } = callAnswer(call({ 'content-disposition': 'filename="caf\xe9.png"' }, Buffer.of(0xff)));
  expect(response?.headers['content-disposition']).toBe('filename="caf\xe9.png"');
});
