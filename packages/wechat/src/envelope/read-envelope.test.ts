import { XMLParser } from 'fast-xml-parser';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { EnvelopeFailure } from './envelope-failure.ts';
import { readEnvelope } from './read-envelope.ts';

const QUERY = { timestamp: '1', nonce: '2', msg_signature: '0'.repeat(40) };
const MEGABYTE = 1024 * 1024;
/** Of the longest push that is read, as base64. */
const CIPHERTEXT = `${'Ab+/'.repeat(170_000)}AA==`;

const parse = vi.spyOn(XMLParser.prototype, 'parse');
afterEach(() => parse.mockClear());
// Other files of this process parse, too.
afterAll(() => parse.mockRestore());

function read(body: string): string {
  return readEnvelope(QUERY, Buffer.from(body)).encrypt;
}

function longestParsed(): number {
  return Math.max(0, ...parse.mock.calls.map(([source]) => String(source).length));
}

test.each([
  ['in a CDATA section', `<![CDATA[${CIPHERTEXT}]]>`],
  ['as plain text', CIPHERTEXT],
  ['between blanks', `\r\n  ${CIPHERTEXT}\r\n `],
  ['in a CDATA section between blanks', `\n <![CDATA[\n${CIPHERTEXT}\n]]>\n`],
])('a long ciphertext %s is read whole, and the parser does not read it', (_name, content) => {
  const body = `\uFEFF<?xml version="1.0"?><xml>\n<ToUserName><![CDATA[gh_好]]></ToUserName><Encrypt>${content}</Encrypt></xml>\n`;
  expect(read(body)).toBe(CIPHERTEXT);
  expect(longestParsed()).toBeLessThan(1_000);
});

test.each([
  ['attributes', `<xml><Encrypt ${'b="1" '.repeat(MEGABYTE / 6)}>x</Encrypt></xml>`],
  ['blanks', `<xml>${' '.repeat(MEGABYTE)}<Encrypt>x</Encrypt></xml>`],
  ['ends of lines', `<xml>${'\r'.repeat(MEGABYTE)}<Encrypt>x</Encrypt></xml>`],
  ['one name', `<xml><${'a'.repeat(MEGABYTE)}>x</${'a'.repeat(MEGABYTE)}></xml>`],
  ['one name without an end', `<xml><${'a'.repeat(MEGABYTE - 10)}/></xml>`],
  ['one attribute', `<xml><Encrypt b="${'a'.repeat(MEGABYTE - 50)}">x</Encrypt></xml>`],
  ['elements', `<xml>${'<a/>'.repeat(MEGABYTE / 4)}</xml>`],
  ['CDATA that is no base64', `<xml><Encrypt><![CDATA[${'-'.repeat(MEGABYTE)}]]></Encrypt></xml>`],
  ['short lines of base64', `<xml><Encrypt>${'abcdefg\n'.repeat(MEGABYTE / 8)}</Encrypt></xml>`],
  ['two ciphertexts', `<xml><Encrypt>${CIPHERTEXT}</Encrypt><Encrypt>${CIPHERTEXT}</Encrypt></xml>`],
])('a megabyte of %s is refused before the parser reads it', (_name, body) => {
  expect(() => read(body)).toThrow(EnvelopeFailure);
  expect(longestParsed()).toBe(0);
});

test.each([
  ['outside Encrypt', `<xml><a>${CIPHERTEXT}</a></xml>`],
  ['in one of two', `<xml><Encrypt>x</Encrypt><Encrypt>${CIPHERTEXT}</Encrypt></xml>`],
  ['in a nested element', `<xml><Encrypt><a>${CIPHERTEXT}</a></Encrypt></xml>`],
  ['with something else', `<xml><Encrypt>${CIPHERTEXT} -ciphertext-</Encrypt></xml>`],
  ['outside, and its stand-in in Encrypt', `<xml><a>${CIPHERTEXT}</a><Encrypt>-ciphertext-</Encrypt></xml>`],
])('a long ciphertext %s is no envelope', (_name, body) => {
  expect(() => read(body)).toThrow(EnvelopeFailure);
});
