import { describe, expect, test } from 'vitest';
import { readAnswer } from './answer.ts';
import { parseWeChatJson } from './parse-json.ts';

const answer = (body: string | Buffer, contentType = 'text/plain', status = 200) => ({
  status,
  headers: { 'content-type': contentType },
  body: Buffer.from(body),
});

describe('an answer', () => {
  test('is a success, a refusal, or a refusal as text', () => {
    expect(readAnswer(answer('{"openid":"o"}'))).toMatchObject({
      kind: 'json',
      errcode: 0,
      errmsg: '',
      rid: undefined,
    });
    const refused = '{"errcode":40001,"errmsg":"invalid credential rid: 617682e0-09059ac5-34a8e2ea"}';
    expect(readAnswer(answer(refused, 'image/jpeg'), 'any')).toMatchObject({
      kind: 'json',
      errcode: 40001,
      rid: '617682e0-09059ac5-34a8e2ea',
      text: refused,
    });
    expect(readAnswer(answer('{"errcode":"40029","errmsg":"invalid code"}'))).toMatchObject({ errcode: 40029 });
    expect(readAnswer(answer('[1]'))).toMatchObject({ kind: 'json', value: [1], errcode: 0 });
    expect(readAnswer(answer('\ufeff {"errcode":-1}'))).toMatchObject({ kind: 'json', errcode: -1 });
  });

  test('may contain control characters and broken UTF-8 of users', () => {
    const body = Buffer.concat([
      Buffer.from('{"a":"\u0007x\u0014\n\ty","b":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('\\/\\ud83d\\ude00"}'),
    ]);
    expect(readAnswer(answer(body))).toMatchObject({ value: { a: 'x\n\ty', b: '\ufffd\ufffd/😀' } });
  });

  test('keeps the digits of 64-bit numbers', () => {
    const text = '{"msgid":22876340532172986,"small":200228332}';
    expect(readAnswer(answer(text))).toMatchObject({ text, value: { msgid: '22876340532172986', small: 200228332 } });
  });

  test('may consist of bytes', () => {
    const picture = Buffer.from([0xff, 0xd8, 0xff, 0xe0]);
    expect(readAnswer(answer(picture, 'image/jpeg'), 'any')).toEqual({ kind: 'binary', contentType: 'image/jpeg' });
    expect(readAnswer(answer(picture, 'image/jpeg'))).toEqual({ kind: 'broken', why: 'not_json', status: 200 });
    expect(readAnswer(answer('{not json', 'audio/amr'), 'any')).toMatchObject({ kind: 'binary' });
    expect(readAnswer(answer('{"cut":', 'application/json'), 'any')).toMatchObject({ kind: 'broken', why: 'not_json' });
    for (const cut of ['{"errcode":0,', '[{"a":1},', ' {"cut":"}" \n']) {
      expect(readAnswer(answer(cut, 'text/plain'), 'any')).toMatchObject({ kind: 'broken', why: 'not_json' });
    }
    expect(readAnswer(answer('{a text that is no JSON}', 'text/plain'), 'any').kind).toBe('binary');
    expect(readAnswer(answer('{bytes', 'image/jpeg'), 'any').kind).toBe('binary');
  });

  test.each([
    ['', 200, 'empty'],
    [' \r\n', 200, 'empty'],
    ['<html><body>502</body></html>', 200, 'html'],
    ['\n<!DOCTYPE html><html>', 200, 'html'],
    ['<html>', 502, 'http_status'],
    ['{"errcode":0}', 502, 'http_status'],
    ['', 413, 'http_status'],
    ['{}', 404, 'http_status'],
    ['', 302, 'http_status'],
    ['ok', 200, 'not_json'],
    ['"text"', 200, 'not_json'],
  ])('is broken: %j %i', (body, status, why) => {
    expect(readAnswer(answer(body, 'text/html', status))).toEqual({ kind: 'broken', why, status });
    if (why !== 'not_json') expect(readAnswer(answer(body, 'text/html', status), 'any')).toMatchObject({ why });
  });

  test('with a 4xx status is a refusal if it has an errcode', () => {
    expect(readAnswer(answer('{"errcode":40001,"errmsg":"x"}', 'text/plain', 401))).toMatchObject({ errcode: 40001 });
  });
});

describe('numbers', () => {
  test.each([
    [
      '[9007199254740991,9007199254740992,-9007199254740993,12345678901234567890]',
      [9007199254740991, '9007199254740992', '-9007199254740993', '12345678901234567890'],
    ],
    [
      '{"a": 24345678901234567 ,"b":"24345678901234567","c":":24345678901234567,\\"24345678901234567\\""}',
      { a: '24345678901234567', b: '24345678901234567', c: ':24345678901234567,"24345678901234567"' },
    ],
    ['[0.5,1.50000000000000000000e2,1e300,-0.25]', [0.5, 150, 1e300, -0.25]],
  ])('%s', (text, expected) => {
    expect(parseWeChatJson(text)).toEqual(expected);
  });

  test('a failure does not quote the text', () => {
    expect(() => parseWeChatJson('{"access_token":"SECRET')).toThrow(
      expect.objectContaining({ code: 'wechat_broken_answer', message: expect.not.stringContaining('SECRET') }),
    );
  });

  // Without a bound on time: quadratic time over two megabytes exceeds the test's own limit.
  test('a string of megabytes does not exceed the stack', () => {
    const text = `{"id":24345678901234567,"s":"${'x\\n'.repeat(1_000_000)}"}`;
    expect(parseWeChatJson(text)).toMatchObject({ id: '24345678901234567' });
  });
});
