import { XMLParser } from 'fast-xml-parser';
import { EnvelopeFailure } from './envelope-failure.ts';

/** Leaves are text exactly as WeChat sent it; a tag that repeats inside a nested element becomes an array. */
export interface XmlNode {
  readonly [name: string]: string | XmlNode | readonly (string | XmlNode)[];
}

type Value = string | XmlNode | readonly (string | XmlNode)[];
/** fast-xml-parser's ordered form: one object per tag, text or CDATA section, with a single name each. */
type Part = Readonly<Record<string, unknown>>;

const largestBytes = 64 * 1024;
const deepest = 16;
const text = '#text';
const cdata = '#cdata';

/** By default this library turns CDATA `1e5` into 100000. CDATA stays apart from text, because only text has
 * entities. */
const parser = new XMLParser({
  preserveOrder: true,
  cdataPropName: cdata,
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
});

/**
 * Reads the one `xml` element of a push. Refuses with EnvelopeFailure −40002: more than 64 KB, DOCTYPE and entities
 * (dossier §1.2), anything that is not well-formed, a second root, text between elements, and a top-level tag that
 * appears twice (two readers might pick different ones).
 */
export function readXml(xml: string | Buffer): XmlNode {
  const size = typeof xml === 'string' ? Buffer.byteLength(xml) : xml.length;
  if (size > largestBytes) throw new EnvelopeFailure(-40002, 'it is too large');
  const source = typeof xml === 'string' ? xml : xml.toString('utf8');
  if (/<!(?!\[CDATA\[|--)/.test(withoutCdata(source))) throw new EnvelopeFailure(-40002, 'it declares things');
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

/** A user may well send `<!DOCTYPE html>` as a message, so what stands in CDATA does not count. A scan, because a
 * regexp takes quadratic time over many openings without an end. */
function withoutCdata(source: string): string {
  let outside = '';
  let from = 0;
  while (true) {
    const start = source.indexOf('<![CDATA[', from);
    const end = start < 0 ? -1 : source.indexOf(']]>', start);
    if (end < 0) return outside + source.slice(from);
    outside += `${source.slice(from, start)} `;
    from = end + 3;
  }
}

function isElement(part: Part): boolean {
  return !(text in part) && !(cdata in part);
}

function isBlank(part: Part): boolean {
  return typeof part[text] === 'string' && part[text].trim() === '';
}

function valueIn(parts: readonly Part[], depth: number): string | XmlNode {
  if (depth > deepest) throw new EnvelopeFailure(-40002, 'it is nested too deeply');
  const elements = parts.filter(isElement);
  if (elements.length === 0) return leafOf(parts);
  if (!parts.every((part) => isElement(part) || isBlank(part))) {
    throw new EnvelopeFailure(-40002, 'text stands between elements');
  }
  // Without a prototype, so that no tag's name means anything to JavaScript.
  const node: Record<string, Value> = Object.create(null);
  for (const element of elements) {
    const name = Object.keys(element).find((key) => key !== ':@');
    if (name === undefined || !/^[A-Za-z_][\w.-]*$/.test(name) || name === '__proto__') {
      throw new EnvelopeFailure(-40002, 'a tag has no proper name');
    }
    const value = valueIn(element[name] as readonly Part[], depth + 1);
    const before = node[name];
    if (before === undefined) node[name] = value;
    else if (depth === 0) throw new EnvelopeFailure(-40002, 'a tag appears twice');
    else if (Array.isArray(before)) before.push(value);
    else node[name] = [before as string | XmlNode, value];
  }
  return node;
}

/** White space around a CDATA section is layout; within plain text it counts, but not at the ends. */
function leafOf(parts: readonly Part[]): string {
  if (!parts.some((part) => cdata in part)) {
    return decodeEntities(
      parts
        .map((part) => String(part[text]))
        .join('')
        .trim(),
    );
  }
  return parts
    .filter((part) => !isBlank(part))
    .map((part) => {
      const section = part[cdata] as readonly Part[] | undefined;
      return section === undefined
        ? decodeEntities(String(part[text]))
        : section.map((piece) => piece[text] ?? '').join('');
    })
    .join('');
}

const predefined: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function decodeEntities(plain: string): string {
  if (!plain.includes('&')) return plain;
  return plain.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi, (_whole, decimal, hex, name) => {
    const point = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : undefined;
    if (point !== undefined && isCharacter(point)) return String.fromCodePoint(point);
    const known = point === undefined && Object.hasOwn(predefined, name) ? predefined[name] : undefined;
    if (known === undefined) throw new EnvelopeFailure(-40002, 'it refers to an entity');
    return known;
  });
}

/** XML 1.0's own rule: no control characters but tab and line ends, no halves of surrogate pairs. */
function isCharacter(point: number): boolean {
  if (point < 0x20) return point === 0x9 || point === 0xa || point === 0xd;
  return point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff) && point !== 0xfffe && point !== 0xffff;
}
