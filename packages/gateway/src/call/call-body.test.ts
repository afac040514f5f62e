import { expect, test } from 'vitest';
import { readBatchBody, readCallBody } from './call-body.ts';

const MIB = 1024 * 1024;
const good = { method: 'POST', path: '/cgi-bin/menu/create' };
const refusal = (message: string) => ({ code: 'invalid_request', message: expect.stringContaining(message) });

function call(members: string): Buffer {
  return Buffer.from(`{"method":"POST","path":"/cgi-bin/menu/create",${members}}`);
}

/** How often other work of the event loop came in between. */
async function roundsDuring(work: () => Promise<unknown>): Promise<number> {
  let rounds = 0;
  let working = true;
  const other = (): void => {
    rounds++;
    if (working) setImmediate(other);
  };
  setImmediate(other);
  await work();
  working = false;
  return rounds;
}

test.each([
  ['a parameter', '"query":{"__proto__":{"a":1}}', '__proto__'],
  ['a parameter of bottomless depth', `"query":{"__proto__":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, '512 levels'],
  ['a parameter that is a deep array', `"query":{"a":${'['.repeat(400)}${']'.repeat(400)}}`, 'query.a'],
  ['a parameter of arrays of arrays', '"query":{"a":[["b"]]}', 'query.a'],
  ['a member', '"__proto__":{"body":1}', '__proto__'],
  ['an escaped member', String.raw`"\u005f_proto__":1`, '__proto__'],
  ['a body of bottomless depth', `"body":${'['.repeat(50_000)}${']'.repeat(50_000)}`, '512 levels'],
  ['an endless query', `"query":{"a":"${'a'.repeat(200_000)}"}`, 'query'],
  ['thousands of unknown members', Array.from({ length: 5_000 }, (_, i) => `"k${i}":1`).join(','), 'too many members'],
])('%s named or shaped like a trap is a fault of the request', async (_name, members, message) => {
  await expect(readCallBody(call(members))).rejects.toMatchObject(refusal(message));
  // Of a batch it is the fault of that call only, unless the whole text is not to be read.
  const batch = Buffer.from(
    `{"calls":[{"appid":"a","method":"GET","path":"/cgi-bin/user/get"},${call(`"appid":"b",${members}`)}]}`,
  );
  if (message === '512 levels') await expect(readBatchBody(batch)).rejects.toMatchObject(refusal(message));
  else expect(await readBatchBody(batch)).toMatchObject([{ appid: 'a' }, refusal(message)]);
});

test('a body with a dangerous member name is only passed on', async () => {
  const { body } = await readCallBody(call('"body":{"__proto__":{"a":1},"constructor":[]}'));
  expect(body?.toString()).toBe('{"__proto__":{"a":1},"constructor":[]}');
});

test('parameters keep their digits and their order', async () => {
  const { query } = await readCallBody(call('"query":{"b":22876340532172987,"a":[1.5,"x",true,-0],"c":7}'));
  expect(query).toEqual([
    ['b', '22876340532172987'],
    ['a', '1.5'],
    ['a', 'x'],
    ['a', 'true'],
    ['a', '-0'],
    ['c', '7'],
  ]);
});

test.each([
  ['objects', `[${'{},'.repeat((4 * MIB) / 3)}{}]`],
  ['strings', `[${'"",'.repeat((4 * MIB) / 3)}""]`],
  ['escapes', `"${'\\u4e2d'.repeat((4 * MIB) / 6)}"`],
])('while a body of millions of %s is read, the process continues all other work', async (_name, body) => {
  const json = Buffer.from(JSON.stringify({ ...good, body: 'BODY' }).replace('"BODY"', body));
  // Several times in each of its four megabytes.
  expect(await roundsDuring(() => readCallBody(json))).toBeGreaterThan(4 * 4);
});

test('while a large batch is read, too', async () => {
  const text = 'x'.repeat(4_096);
  const calls = Array.from({ length: 1_000 }, () => ({ ...good, appid: 'a', body: { text } }));
  const json = Buffer.from(JSON.stringify({ calls }));
  expect(await roundsDuring(async () => expect(await readBatchBody(json)).toHaveLength(1_000))).toBeGreaterThan(4 * 4);
});

test.each([
  ['{}', 'calls'],
  ['{"calls":[]}', 'at least one'],
  ['{"calls":{}}', 'calls'],
  ['{"calls":[1],"more":1}', 'nothing else'],
  [`{"calls":[${'1,'.repeat(1_000)}1]}`, 'at most 1000'],
  ['[]', 'object'],
])('%.40s is no batch', async (text, message) => {
  await expect(readBatchBody(Buffer.from(text))).rejects.toMatchObject(refusal(message));
});
