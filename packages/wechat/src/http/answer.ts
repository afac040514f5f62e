import { parseWeChatJson } from './parse-json.ts';
import type { WeChatResponse } from './transport.ts';

export type Answer =
  | {
      readonly kind: 'json';
      /** Integers beyond 2^53 are strings here. */
      readonly value: unknown;
      /** The unchanged body. */
      readonly text: string;
      /** 0 when absent. */
      readonly errcode: number;
      readonly errmsg: string;
      readonly rid: string | undefined;
    }
  | { readonly kind: 'binary'; readonly contentType: string }
  | {
      readonly kind: 'broken';
      readonly why: 'empty' | 'html' | 'http_status' | 'not_json';
      readonly status: number;
      /** Malformed JSON: the API itself answered and is likely to answer the same again. */
      readonly malformed?: true;
    };

type Broken = Extract<Answer, { kind: 'broken' }>;

/**
 * Classifies an answer by its body: WeChat sends JSON with any content type, also from APIs that otherwise return bytes
 * (protocol §4.7, §9). `expects` is `any` if bytes are a valid answer.
 */
export function readAnswer(response: WeChatResponse, expects: 'json' | 'any' = 'json'): Answer {
  const { status, body } = response;
  const contentType = response.headers['content-type'] ?? 'application/octet-stream';
  // A 5xx is from WeChat's edge, not from the API; what the API did is unknown.
  if (status >= 500) return broken('http_status', status);
  const start = firstByte(body);
  if (status < 200 || status >= 300) {
    const refused = start === BRACE ? readJson(body) : undefined;
    return refused?.kind === 'json' && refused.errcode !== 0 ? refused : broken('http_status', status);
  }
  if (start === undefined) return broken('empty', status);
  const json = start === BRACE || start === BRACKET ? readJson(body) : undefined;
  if (json !== undefined) return json;
  if (looksLikeHtml(body)) return broken('html', status);
  const malformed = start === BRACE || start === BRACKET;
  if (expects === 'json' || /\bjson\b/i.test(contentType)) {
    return { ...broken('not_json', status), ...(malformed ? { malformed } : {}) };
  }
  if (malformed && /^text\//i.test(contentType) && isCut(body)) {
    return broken('not_json', status);
  }
  return { kind: 'binary', contentType };
}

const BRACE = 0x7b;
const BRACKET = 0x5b;
const CLOSING_BRACE = 0x7d;
const CLOSING_BRACKET = 0x5d;

function broken(why: Broken['why'], status: number): Broken {
  return { kind: 'broken', why, status };
}

/** The first byte that is neither white space nor part of a byte order mark. */
function firstByte(body: Buffer): number | undefined {
  return body.find((byte, at) => byte > 0x20 && !(at < 3 && (byte === 0xef || byte === 0xbb || byte === 0xbf)));
}

/** Whether text that starts with a bracket does not end with one. */
function isCut(body: Buffer): boolean {
  const last = body.findLast((byte) => byte > 0x20);
  return last !== CLOSING_BRACE && last !== CLOSING_BRACKET;
}

function looksLikeHtml(body: Buffer): boolean {
  return /^(?:\ufeff|\s)*<(?:!doctype\s+html|html|head|body|center|h1)\b/i.test(body.toString('utf8', 0, 512));
}

function readJson(body: Buffer): Extract<Answer, { kind: 'json' }> | undefined {
  const text = body.toString('utf8');
  let value: unknown;
  try {
    value = parseWeChatJson(text);
  } catch {
    return undefined;
  }
  const { errcode, errmsg } = value as { errcode?: unknown; errmsg?: unknown };
  const message = typeof errmsg === 'string' ? errmsg : '';
  return {
    kind: 'json',
    value,
    text,
    errcode: readErrcode(errcode),
    errmsg: message,
    rid: /\brid:\s*([0-9a-f]+(?:-[0-9a-f]+)+)/i.exec(message)?.[1],
  };
}

/** Sometimes a string: `"errcode":"40029"` (protocol §3.0). */
function readErrcode(errcode: unknown): number {
  if (typeof errcode === 'number') return errcode;
  return typeof errcode === 'string' && /^-?\d{1,9}$/.test(errcode) ? Number(errcode) : 0;
}
