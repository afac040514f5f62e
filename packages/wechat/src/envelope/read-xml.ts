import { XMLParser } from 'fast-xml-parser';
import { EnvelopeFailure } from './envelope-failure.ts';

export type XmlValue = string | XmlNode | readonly (string | XmlNode)[];

/** Leaves are text exactly as WeChat sent it; a tag that repeats becomes an array. */
export interface XmlNode {
  readonly [name: string]: XmlValue;
}

export interface XmlLimits {
  readonly maxBytes: number;
  /** Elements, CDATA sections and references to characters together. */
  readonly maxParts: number;
}

/** Far more than any documented push needs: lists of 100 entries are the longest (protocol §1.3). */
const PUSH_LIMITS: XmlLimits = { maxBytes: 512 * 1024, maxParts: 20_000 };

const MAX_DEPTH = 16;
const CDATA_START = '<![CDATA[';
const CDATA_END = ']]>';
const TEXT = '#text';
const CDATA = '#cdata';

/** fast-xml-parser's ordered form: one object for each tag, text or CDATA section, with a single name each. */
type Part = Readonly<Record<string, unknown>>;

/**
 * By default this library turns CDATA `1e5` into 100000. CDATA is kept apart from text, because only text has entities, and
 * parts in their order, because otherwise text between elements could not be seen.
 */
const parser = new XMLParser({
  preserveOrder: true,
  cdataPropName: CDATA,
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  maxNestedTags: 4 * MAX_DEPTH,
});

const declaration = /^\uFEFF?\s*(?:<\?xml\s[^<>?]*\?>)?/;

/**
 * Reads the one `xml` element of a push. Only what WeChat writes is read: elements, text and CDATA sections. Comments,
 * processing instructions and document types are refused, because WeChat does not escape what a user typed (protocol
 * §1.3), and each of them could hide elements from one reader and not from another. Throws EnvelopeFailure −40002 for
 * them, for what is not well-formed, a second root, text between elements, and more than the limits.
 */
export function readXml(xml: string | Buffer, { maxBytes, maxParts }: XmlLimits = PUSH_LIMITS): XmlNode {
  const size = typeof xml === 'string' ? Buffer.byteLength(xml) : xml.length;
  if (size > maxBytes) throw new EnvelopeFailure(-40002, 'it is too large');
  // XML's own rule for ends of lines.
  const source = (typeof xml === 'string' ? xml : xml.toString('utf8'))
    .replace(/\r\n?/g, '\n')
    .replace(declaration, '');
  const markup = emptyCdata(source);
  if (/<[!?]/.test(markup)) throw new EnvelopeFailure(-40002, 'it holds a comment, an instruction or a declaration');
  // An attribute's value holds no `<`, so that no element or section can hide in one.
  if (/<[^<>]*</.test(markup)) throw new EnvelopeFailure(-40002);
  // Before the library reads it: what no signature vouches for must not cost more than an ordinary push.
  if (hasMoreParts(markup, maxParts)) throw new EnvelopeFailure(-40002, 'it has too many parts');
  const [root, ...more] = parse(source).filter((part) => !isBlank(part));
  const parts = root?.xml;
  if (more.length > 0 || !Array.isArray(parts)) throw new EnvelopeFailure(-40002, 'it is not one xml element');
  const value = valueIn(parts, 0);
  if (typeof value !== 'string') return value;
  if (value === '') return Object.create(null);
  throw new EnvelopeFailure(-40002, 'it holds no elements');
}

function parse(source: string): Part[] {
  try {
    // `true` runs the validator; without it `<a>1</b>` and stray text pass.
    return parser.parse(source, true);
  } catch {
    // The library's message quotes the input.
    throw new EnvelopeFailure(-40002);
  }
}

/**
 * The source with `<>` for each CDATA section: a user may well send `<!DOCTYPE html>` as a message. A scan, because a
 * regular expression takes quadratic time over many openings without an end.
 */
function emptyCdata(source: string): string {
  let outside = '';
  let from = 0;
  for (;;) {
    const start = source.indexOf(CDATA_START, from);
    if (start < 0) return outside + source.slice(from);
    const end = source.indexOf(CDATA_END, start);
    if (end < 0) throw new EnvelopeFailure(-40002);
    outside += `${source.slice(from, start)}<>`;
    from = end + CDATA_END.length;
  }
}

function hasMoreParts(markup: string, max: number): boolean {
  let count = 0;
  for (const _ of markup.matchAll(/<[^/]|&/g)) {
    if (++count > max) return true;
  }
  return false;
}

function isElement(part: Part): boolean {
  return !(TEXT in part) && !(CDATA in part);
}

function isBlank(part: Part): boolean {
  return typeof part[TEXT] === 'string' && part[TEXT].trim() === '';
}

function valueIn(parts: readonly Part[], depth: number): string | XmlNode {
  if (depth > MAX_DEPTH) throw new EnvelopeFailure(-40002, 'it is nested too deeply');
  const elements = parts.filter(isElement);
  if (elements.length === 0) return leafOf(parts);
  if (!parts.every((part) => isElement(part) || isBlank(part))) {
    throw new EnvelopeFailure(-40002, 'there is text between elements');
  }
  // Without a prototype, so that no tag's name means anything to JavaScript.
  const node: Record<string, XmlValue> = Object.create(null);
  for (const element of elements) {
    const name = Object.keys(element).find((key) => key !== ':@');
    if (name === undefined || !/^[A-Za-z_][\w.-]*$/.test(name) || name === '__proto__') {
      throw new EnvelopeFailure(-40002, 'a tag has no proper name');
    }
    const value = valueIn(element[name] as readonly Part[], depth + 1);
    const before = node[name];
    if (before === undefined) node[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else node[name] = [before as string | XmlNode, value];
  }
  return node;
}

/** White space around a CDATA section is layout; in plain text it counts, except at the ends. */
function leafOf(parts: readonly Part[]): string {
  if (!parts.some((part) => CDATA in part)) {
    return decodeEntities(
      parts
        .map((part) => String(part[TEXT]))
        .join('')
        .trim(),
    );
  }
  return parts
    .filter((part) => !isBlank(part))
    .map((part) => {
      const section = part[CDATA] as readonly Part[] | undefined;
      return section === undefined
        ? decodeEntities(String(part[TEXT]))
        : section.map((piece) => piece[TEXT] ?? '').join('');
    })
    .join('');
}

const predefined: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** A bare `&` and any entity but the predefined ones are refused (protocol §1.2). */
function decodeEntities(plain: string): string {
  if (!plain.includes('&')) return plain;
  return plain.replace(/&(?:#(\d{1,7});|#x([0-9a-f]{1,6});|(\w+);)?/gi, (_whole, decimal, hex, name) => {
    const point = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : undefined;
    if (point !== undefined && isCharacter(point)) return String.fromCodePoint(point);
    const known = name !== undefined && Object.hasOwn(predefined, name) ? predefined[name] : undefined;
    if (known === undefined) throw new EnvelopeFailure(-40002, 'it refers to an entity');
    return known;
  });
}

/** XML 1.0's own rule: no control characters but tab and line ends, no halves of surrogate pairs. */
function isCharacter(point: number): boolean {
  if (point < 0x20) return point === 0x9 || point === 0xa || point === 0xd;
  return point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff) && point !== 0xfffe && point !== 0xffff;
}
