import { EnvelopeFailure } from './envelope-failure.ts';

export type XmlValue = string | XmlNode | readonly (string | XmlNode)[];

/** Leaves are text exactly as WeChat sent it; a tag that repeats becomes an array. */
export interface XmlNode {
  readonly [name: string]: XmlValue;
}

export interface XmlLimits {
  readonly maxBytes: number;
  readonly maxElements: number;
}

/** Far more than any documented push needs: lists of 100 entries are the longest (protocol §1.3). */
const PUSH_LIMITS: XmlLimits = { maxBytes: 512 * 1024, maxElements: 20_000 };

const MAX_DEPTH = 16;
const CDATA_START = '<![CDATA[';
const CDATA_END = ']]>';

/** An end tag, or a start or empty tag. An attribute's value holds no `<`, so that no element can hide in one. */
const tag =
  /<(?:\/([A-Za-z_][\w.-]*)\s*|([A-Za-z_][\w.-]*)(?:\s+[A-Za-z_:][\w:.-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*(\/?))>/y;
const declaration = /^\uFEFF?\s*(?:<\?xml\s[^<>?]*\?>\s*)?/;

/**
 * Reads the one `xml` element of a push. Only what WeChat writes is read: elements, text and CDATA sections. Comments,
 * processing instructions and document types are refused, because WeChat does not escape what a user typed (protocol
 * §1.3), and each of them could hide elements from one reader and not from another. Throws EnvelopeFailure −40002 for
 * them, for what is not well-formed, a second root, text between elements, and more than the limits.
 */
export function readXml(xml: string | Buffer, { maxBytes, maxElements }: XmlLimits = PUSH_LIMITS): XmlNode {
  const size = typeof xml === 'string' ? Buffer.byteLength(xml) : xml.length;
  if (size > maxBytes) throw new EnvelopeFailure(-40002, 'it is too large');
  // XML's own rule for ends of lines.
  const source = (typeof xml === 'string' ? xml : xml.toString('utf8')).replace(/\r\n?/g, '\n');
  const root = new OpenElement('xml');
  const open: OpenElement[] = [];
  let elements = 0;
  let isClosed = false;
  let at = declaration.exec(source)?.[0].length ?? 0;
  while (at < source.length) {
    const inside = open.at(-1);
    const start = source.indexOf('<', at);
    const text = source.slice(at, start < 0 ? source.length : start);
    if (inside !== undefined) inside.addText(text);
    else if (text.trim() !== '') throw new EnvelopeFailure(-40002, 'it is not one xml element');
    if (start < 0) break;
    if (source.startsWith(CDATA_START, start)) {
      const end = source.indexOf(CDATA_END, start);
      if (end < 0 || inside === undefined) throw new EnvelopeFailure(-40002);
      inside.addSection(source.slice(start + CDATA_START.length, end));
      at = end + CDATA_END.length;
      continue;
    }
    tag.lastIndex = start;
    const found = tag.exec(source);
    if (found === null) throw new EnvelopeFailure(-40002);
    at = tag.lastIndex;
    const [, ended, name = '', isEmpty] = found;
    if (ended !== undefined) {
      if (inside?.name !== ended) throw new EnvelopeFailure(-40002);
      open.pop();
      open.at(-1)?.addElement(ended, inside.value());
      isClosed = open.length === 0;
      continue;
    }
    if (isClosed || (inside === undefined && name !== 'xml')) {
      throw new EnvelopeFailure(-40002, 'it is not one xml element');
    }
    if (name === '__proto__') throw new EnvelopeFailure(-40002, 'a tag has no proper name');
    if (++elements > maxElements) throw new EnvelopeFailure(-40002, 'it has too many elements');
    if (open.length > MAX_DEPTH) throw new EnvelopeFailure(-40002, 'it is nested too deeply');
    if (!isEmpty) open.push(inside === undefined ? root : new OpenElement(name));
    else if (inside !== undefined) inside.addElement(name, '');
    else isClosed = true;
  }
  if (!isClosed) throw new EnvelopeFailure(-40002);
  const value = root.value();
  if (typeof value !== 'string') return value;
  if (value === '') return Object.create(null);
  throw new EnvelopeFailure(-40002, 'it holds no elements');
}

/** An element whose end has not been read: it holds either text or elements, never both. */
class OpenElement {
  readonly name: string;
  readonly #pieces: { readonly text: string; readonly isSection: boolean }[] = [];
  #node: Record<string, XmlValue> | undefined;

  constructor(name: string) {
    this.name = name;
  }

  addText(text: string): void {
    // White space between elements and around a CDATA section is layout.
    if (text.trim() !== '') this.#addPiece({ text, isSection: false });
  }

  addSection(text: string): void {
    this.#addPiece({ text, isSection: true });
  }

  addElement(name: string, value: string | XmlNode): void {
    if (this.#pieces.length > 0) throw new EnvelopeFailure(-40002, 'there is text between elements');
    // Without a prototype, so that no tag's name means anything to JavaScript.
    this.#node ??= Object.create(null) as Record<string, XmlValue>;
    const before = this.#node[name];
    if (before === undefined) this.#node[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else this.#node[name] = [before as string | XmlNode, value];
  }

  value(): string | XmlNode {
    if (this.#node !== undefined) return this.#node;
    const [first, ...more] = this.#pieces;
    if (first === undefined) return '';
    // White space counts within plain text, but not at its ends.
    if (more.length === 0 && !first.isSection) return decodeEntities(first.text.trim());
    return this.#pieces.map(({ text, isSection }) => (isSection ? text : decodeEntities(text))).join('');
  }

  #addPiece(piece: { readonly text: string; readonly isSection: boolean }): void {
    if (this.#node !== undefined) throw new EnvelopeFailure(-40002, 'there is text between elements');
    this.#pieces.push(piece);
  }
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
