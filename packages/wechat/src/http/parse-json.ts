import { Failure } from '../failure.ts';

/** A number of at least 16 digits in the place of a value: 2^53 has 16. */
const mayExceed = /[:,[]\s*-?\d{16}/;
/** A whole string, so that its content does not match; or a whole number. */
const stringOrNumber = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * JSON as WeChat writes it (protocol §9): 64-bit integers beyond 2^53 become strings with exactly their digits, and
 * raw control characters inside strings are accepted. Throws `wechat_broken_answer`.
 */
export function parseWeChatJson(text: string): unknown {
  const exact = mayExceed.test(text) ? text.replace(stringOrNumber, quotedIfUnsafe) : text;
  try {
    return JSON.parse(exact);
  } catch {
    return parseForgivingly(exact);
  }
}

function quotedIfUnsafe(token: string): string {
  if (token.length < 16 || token.startsWith('"') || /[.eE]/.test(token)) return token;
  return Number.isSafeInteger(Number(token)) ? token : `"${token}"`;
}

function parseForgivingly(text: string): unknown {
  const forgiven = text
    .replace(/^\ufeff/, '')
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, '')
    .replace(stringOrNumber, (token) => token.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t'));
  try {
    return JSON.parse(forgiven);
  } catch {
    // The original message quotes the text, which may hold a token.
    throw new Failure('wechat_broken_answer', 'retry', 'WeChat answered something that is not JSON');
  }
}
