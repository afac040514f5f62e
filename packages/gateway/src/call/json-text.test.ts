import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compact, expectEnd, inSlices, kindOf, readValue, startOf } from './json-text.ts';

async function read(text: string, maxChildren = 100) {
  const json = Buffer.from(text);
  const value = await inSlices(readValue(json, startOf(json), maxChildren));
  expectEnd(json, value.end);
  const plain = async (span: { start: number; end: number }) => (await inSlices(compact(json, span))).toString();
  return {
    whole: await plain(value),
    children: await Promise.all(
      value.children.map(async (child) => [
        child.name === undefined ? undefined : JSON.parse(json.toString('utf8', child.name.start, child.name.end)),
        await plain(child),
      ]),
    ),
    kinds: value.children.map((child) => kindOf(json, child)),
  };
}

describe('a value is passed on', () => {
  test.each([
    [
      'with all digits',
      '{"msgid": 22876340532172986, "x": 1.50, "y": -0 }',
      '{"msgid":22876340532172986,"x":1.50,"y":-0}',
    ],
    ['in its order, even if names are like indexes', '{"b":1,"2":2,"1":3}', '{"b":1,"2":2,"1":3}'],
    ['with letters in place of escapes', String.raw`"\u4e2d\ud83d\ude00\/\u000a\"\\"`, String.raw`"中😀/\n\"\\"`],
    [
      'with lone surrogates escaped',
      String.raw`["\ud800","\uDE00x","\ud83d\u4e2d"]`,
      String.raw`["\ud800","\ude00x","\ud83d中"]`,
    ],
    ['with blanks inside strings only', ' [ "a  b" ,\n{ "c d" : null } ] ', '["a  b",{"c d":null}]'],
    ['without a byte order mark', '\ufeff{"a":1}', '{"a":1}'],
  ])('%s', async (_name, text, expected) => expect((await read(text)).whole).toBe(expected));

  test('with the same meaning, whatever JSON it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.constantFrom(0, 1, 2), async (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(JSON.parse((await read(text, 10_000)).whole)).toEqual(JSON.parse(text));
      }),
    );
  });

  test('with a long sequence of escapes, whose pairs stay together', async () => {
    for (const lead of ['', 'a', String.raw`\u4e2d`]) {
      const text = `"${lead}${String.raw`\ud83d\ude00`.repeat(3_000)}"`;
      expect((await read(text)).whole).toBe(JSON.stringify(JSON.parse(text)));
    }
  });
});

describe('the children of a value', () => {
  test('are members with their names', async () => {
    const { children, kinds } = await read(
      String.raw`{"a":"}\\","\u0062ody":{"t":"\"}]{[", "body":2}, "n" : null,"q":[]}`,
    );
    expect(children).toEqual([
      ['a', String.raw`"}\\"`],
      ['body', String.raw`{"t":"\"}]{[","body":2}`],
      ['n', 'null'],
      ['q', '[]'],
    ]);
    expect(kinds).toEqual(['other', 'object', 'null', 'array']);
  });

  test('are elements, whatever they contain', async () => {
    const { children } = await read('[ {"a":[1,"],["]} , [2,3],"x,y" ,22876340532172986, null ]');
    expect(children.map(([, text]) => text)).toEqual([
      '{"a":[1,"],["]}',
      '[2,3]',
      '"x,y"',
      '22876340532172986',
      'null',
    ]);
    expect((await read(' [ ] ')).children).toEqual([]);
  });

  test('are not more than the caller permits', async () => {
    expect((await read('[[1,2,3],[4]]', 2)).children).toHaveLength(2);
    await expect(read('[1,2,3]', 2)).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('what JSON.parse refuses is refused', () => {
  test.each([
    '',
    ' ',
    '{',
    '}',
    '[',
    '[1',
    '[1,',
    '[1,]',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{a:1}',
    '{"a" 1}',
    '[1 2]',
    '1 2',
    '{"a":1]',
    '[1}',
    'nul',
    'nulll',
    'True',
    '01',
    '1.',
    '.5',
    '-',
    '1e',
    '1e+',
    '+1',
    '0x1',
    'NaN',
    "'a'",
    '"',
    '"a',
    '"\\x"',
    '"\\u12"',
    '"\\u12g4"',
    '"\n"',
    '"\u0000"',
    '"\\',
    '\ufeff',
    '//',
    '[1],',
    '\u00a01',
  ])('%j', async (text) => {
    expect(() => JSON.parse(text)).toThrow();
    await expect(read(text)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('and nothing else, whatever characters are changed', async () => {
    const letters = fc.constantFrom(...'{}[]",:0-1.eE+\\u4 tfn', 'true', 'null', '\\u00e9', '"a"', '"a":', '{"a":[');
    await fc.assert(
      fc.asyncProperty(fc.array(letters, { maxLength: 12 }), async (parts) => {
        const text = parts.join('');
        let expected: unknown = 'refused';
        try {
          expected = JSON.parse(text);
        } catch {}
        const found = await read(text).then(
          ({ whole }) => JSON.parse(whole),
          () => 'refused',
        );
        expect(found).toEqual(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  test('and a value that is nested too deeply, before it is read to its end', async () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect((await read(nested(512))).whole).toBe(nested(512));
    await expect(read(nested(513))).rejects.toMatchObject({ message: expect.stringContaining('512') });
    await expect(read('['.repeat(1_000_000))).rejects.toMatchObject({ message: expect.stringContaining('512') });
  });
});

test('other work of the event loop runs while a large text is read', async () => {
  let rounds = 0;
  let working = true;
  const other = (): void => {
    rounds++;
    if (working) setImmediate(other);
  };
  setImmediate(other);
  const megabytes = 4;
  const { whole } = await read(`{"body":[${'{},'.repeat((megabytes * 1024 * 1024) / 3)}{}]}`);
  working = false;
  expect(whole.length).toBeGreaterThan(megabytes * 1024 * 1024);
  // Several times in each megabyte, and once more for each when it is written.
  expect(rounds).toBeGreaterThan(megabytes * 8);
});
