import fc from 'fast-check';
import { expect, test } from 'vitest';
import { elementsOf, memberOf } from './json-member.ts';

test('integers beyond 2^53 keep all their digits', () => {
  expect(memberOf('{"body": {"msgid": 22876340532172986, "x": 1.50}}', 'body')).toBe(
    '{"msgid":22876340532172986,"x":1.50}',
  );
});

test('members keep their order, also those that look like array indexes', () => {
  expect(memberOf('{"body":{"b":1,"2":2,"1":3}}', 'body')).toBe('{"b":1,"2":2,"1":3}');
});

test('escaped letters become letters; lone surrogates stay escaped', () => {
  expect(memberOf(String.raw`{"body":"\u4e2d\ud83d\ude00\/\ud800\n"}`, 'body')).toBe('"中😀/\\ud800\\n"');
});

test('blanks inside strings stay', () => {
  expect(memberOf('{ "body" : [ "a  b" , { "c d" : null } ] , "x" : 1 }', 'body')).toBe('["a  b",{"c d":null}]');
});

test('a member of a member is none', () => expect(memberOf('{"query":{"body":1}}', 'body')).toBeUndefined());

test('the last of two counts', () => expect(memberOf('{"body":1,"body":2}', 'body')).toBe('2'));

test('an escaped name is found', () => expect(memberOf(String.raw`{"\u0062ody":[1]}`, 'body')).toBe('[1]'));

test('braces and quotes inside strings do not matter', () => {
  expect(memberOf(String.raw`{"a":"}\\","body":{"t":"\"}]{["}}`, 'body')).toBe(String.raw`{"t":"\"}]{["}`);
});

test('whatever JSON it is, it means the same afterwards', () => {
  fc.assert(
    fc.property(fc.json(), fc.json(), fc.constantFrom(0, 1, 2), (before, body, indent) => {
      const text = JSON.stringify({ before: JSON.parse(before), body: JSON.parse(body) }, null, indent);
      expect(JSON.parse(memberOf(text, 'body')!)).toEqual(JSON.parse(text).body);
    }),
  );
});

test('elements are told apart, whatever they hold', () => {
  expect(elementsOf('[ {"a":[1,"],["]} , [2,3],"x,y" ,22876340532172986, null ]')).toEqual([
    '{"a":[1,"],["]}',
    '[2,3]',
    '"x,y"',
    '22876340532172986',
    'null',
  ]);
  expect(elementsOf(' [ ] ')).toEqual([]);
});

test('whatever the elements are, none is lost and none is changed', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.constantFrom(0, 1, 2), (values, indent) => {
      expect(elementsOf(JSON.stringify(values, null, indent)).map((text) => JSON.parse(text))).toEqual(
        JSON.parse(JSON.stringify(values)),
      );
    }),
  );
});
