import { setImmediate as nextTick } from 'node:timers/promises';
import { Failure } from '@wxthirdparty/wechat';

/**
 * JSON as the caller wrote it, read by its bytes: numbers keep all their digits, members keep their order, and parts that are only
 * passed on are not parsed. Large texts are read in slices, between which the event loop does other work.
 */
export type Sliced<T> = Generator<void, T>;

/** Of a JSON text, in bytes. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A member of an object, or an element of an array, which has no name. */
export interface Child extends Span {
  /** The span of its name, with the quotes. */
  readonly name: Span | undefined;
}

export interface Value extends Span {
  /** Its direct members or elements. */
  readonly children: readonly Child[];
}

/** Handled in a few milliseconds. */
const SLICE_BYTES = 128 * 1024;
/** Far more than WeChat's APIs accept; deeper texts break recursive parsers. */
const MAX_DEPTH = 512;

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const SLASH = 0x2f;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const LETTER_U = 0x75;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const simpleEscapes = new Set([...'"\\/bfnrt'].map((letter) => letter.charCodeAt(0)));

/** Runs to the end, with other work of the event loop in between. */
export async function inSlices<T>(steps: Sliced<T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await nextTick();
  }
}

/** Lets other work of the event loop run after every `SLICE_BYTES`. */
export class Breather {
  #bytes = 0;

  async worked(bytes: number): Promise<void> {
    this.#bytes += bytes;
    if (this.#bytes < SLICE_BYTES) return;
    this.#bytes = 0;
    await nextTick();
  }
}

/** Where the text starts, after a byte order mark. */
export function startOf(json: Buffer): number {
  return json[0] === 0xef && json[1] === 0xbb && json[2] === 0xbf ? 3 : 0;
}

export function kindOf(json: Buffer, { start }: Span): 'object' | 'array' | 'null' | 'other' {
  if (json[start] === OPEN_OBJECT) return 'object';
  if (json[start] === OPEN_ARRAY) return 'array';
  return json[start] === 0x6e ? 'null' : 'other';
}

/**
 * Checks the value that starts at `from`, after optional blanks, and returns its span and its children. Throws Failure
 * `invalid_request` if it is not JSON, or has more than `maxChildren`.
 */
export function* readValue(json: Buffer, from: number, maxChildren: number): Sliced<Value> {
  const closers = new Uint8Array(MAX_DEPTH + 1);
  const children: Child[] = [];
  let depth = 0;
  let name: Span | undefined;
  let childStart = 0;
  let at = afterBlanks(json, from);
  const start = at;
  let pauseAt = at + SLICE_BYTES;
  for (;;) {
    if (at >= pauseAt) {
      yield;
      pauseAt = at + SLICE_BYTES;
    }
    // A value starts here.
    if (depth === 1) childStart = at;
    const first = json[at];
    if (first === OPEN_OBJECT || first === OPEN_ARRAY) {
      if (++depth > MAX_DEPTH) throw invalid(`the body is nested deeper than ${MAX_DEPTH} levels`);
      closers[depth] = first === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY;
      at = afterBlanks(json, at + 1);
      if (json[at] !== closers[depth]) {
        if (first === OPEN_OBJECT) {
          const end = endOfString(json, at);
          if (depth === 1) name = { start: at, end };
          at = afterColon(json, end);
        }
        continue;
      }
      at++;
      depth--;
    } else {
      at = endOfScalar(json, at);
    }
    // A value has ended, and perhaps those around it.
    for (;;) {
      if (depth === 0) return { start, end: at, children };
      if (depth === 1) {
        if (children.length === maxChildren) throw new TooManyChildren();
        children.push({ name, start: childStart, end: at });
      }
      at = afterBlanks(json, at);
      if (json[at] === closers[depth]) {
        at++;
        depth--;
        continue;
      }
      if (json[at] !== COMMA) throw notJson();
      at = afterBlanks(json, at + 1);
      if (closers[depth] === CLOSE_OBJECT) {
        const end = endOfString(json, at);
        if (depth === 1) name = { start: at, end };
        at = afterColon(json, end);
      }
      break;
    }
  }
}

/** A value has more members or elements than the caller of `readValue` permits. */
export class TooManyChildren extends Failure {
  constructor() {
    super('invalid_request', 'fix-request', 'the body has too many members');
  }
}

/** Throws Failure `invalid_request` if anything but blanks follows. */
export function expectEnd(json: Buffer, from: number): void {
  if (afterBlanks(json, from) !== json.length) throw notJson();
}

/**
 * A checked value as it is sent to WeChat, with the same meaning: blanks are removed, and strings are written without needless
 * escapes, because WeChat shows `\u4e2d` to its users literally.
 */
export function* compact(json: Buffer, { start, end }: Span): Sliced<Buffer> {
  // The result is never larger.
  const out = Buffer.allocUnsafe(end - start);
  let size = 0;
  let inString = false;
  let at = start;
  let pauseAt = at + SLICE_BYTES;
  while (at < end) {
    if (at >= pauseAt) {
      yield;
      pauseAt = at + SLICE_BYTES;
    }
    const byte = json[at]!;
    if (inString && byte === BACKSLASH && json[at + 1] !== LETTER_U) {
      if (json[at + 1] !== SLASH) out[size++] = byte;
      out[size++] = json[at + 1]!;
      at += 2;
      continue;
    }
    if (inString && byte === BACKSLASH) {
      const after = endOfEscapes(json, at);
      // Lone surrogates stay escaped: they have no UTF-8.
      const plain = JSON.stringify(JSON.parse(`"${json.toString('latin1', at, after)}"`)).slice(1, -1);
      size += out.write(plain, size);
      at = after;
      continue;
    }
    if (byte === QUOTE) inString = !inString;
    if (inString || !isBlank(byte)) out[size++] = byte;
    at++;
  }
  return out.subarray(0, size);
}

function notJson(): Failure {
  // The parser's own message would quote the body.
  return invalid('the body is not JSON');
}

export function invalid(message: string): Failure {
  return new Failure('invalid_request', 'fix-request', message);
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x09 || byte === 0x0d;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function isHexDigit(byte: number | undefined): boolean {
  return isDigit(byte) || (byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

function afterBlanks(json: Buffer, from: number): number {
  let at = from;
  while (isBlank(json[at])) at++;
  return at;
}

function afterColon(json: Buffer, from: number): number {
  const at = afterBlanks(json, from);
  if (json[at] !== COLON) throw notJson();
  return afterBlanks(json, at + 1);
}

function endOfScalar(json: Buffer, at: number): number {
  const first = json[at];
  if (first === QUOTE) return endOfString(json, at);
  if (first === MINUS || isDigit(first)) return endOfNumber(json, at);
  for (const word of ['true', 'false', 'null']) {
    if (first === word.charCodeAt(0) && json.toString('latin1', at, at + word.length) === word) return at + word.length;
  }
  throw notJson();
}

/** The position after the closing quote of the string that starts at `start`. */
function endOfString(json: Buffer, start: number): number {
  if (json[start] !== QUOTE) throw notJson();
  let at = start + 1;
  for (;;) {
    const byte = json[at];
    if (byte === QUOTE) return at + 1;
    if (byte === undefined || byte < 0x20) throw notJson();
    if (byte !== BACKSLASH) at++;
    else if (json[at + 1] === LETTER_U) {
      for (let i = 2; i < 6; i++) if (!isHexDigit(json[at + i])) throw notJson();
      at += 6;
    } else {
      if (!isSimpleEscape(json[at + 1])) throw notJson();
      at += 2;
    }
  }
}

function isSimpleEscape(byte: number | undefined): boolean {
  return byte !== undefined && simpleEscapes.has(byte);
}

/** The end of a sequence of `\uXXXX`; two of them may be one letter. */
function endOfEscapes(json: Buffer, start: number): number {
  let at = start;
  let isHalf = false;
  for (let i = 0; json[at] === BACKSLASH && json[at + 1] === LETTER_U && (i < 1_000 || isHalf); i++) {
    isHalf = /^d[89ab]/i.test(json.toString('latin1', at + 2, at + 4));
    at += 6;
  }
  return at;
}

function endOfNumber(json: Buffer, start: number): number {
  let at = json[start] === MINUS ? start + 1 : start;
  const digits = (): void => {
    if (!isDigit(json[at])) throw notJson();
    while (isDigit(json[at])) at++;
  };
  if (json[at] === 0x30) at++;
  else digits();
  if (json[at] === 0x2e) {
    at++;
    digits();
  }
  if (json[at] === 0x65 || json[at] === 0x45) {
    at++;
    if (json[at] === 0x2b || json[at] === MINUS) at++;
    digits();
  }
  return at;
}
