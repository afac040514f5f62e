/**
 * The text of one member of a JSON object, as the caller wrote it: numbers keep all their digits, members their order.
 * Only what JSON forces nobody to keep is changed: blanks go, and strings are written without needless escapes,
 * because WeChat shows `\u4e2d` to its users letter by letter.
 *
 * @param json must have passed JSON.parse as an object
 */
export function memberOf(json: string, name: string): string | undefined {
  let at = skipBlanks(json, json.indexOf('{') + 1);
  let found: string | undefined;
  while (json[at] === '"') {
    const keyEnd = endOfString(json, at);
    const key = JSON.parse(json.slice(at, keyEnd)) as string;
    // Past the colon.
    const start = skipBlanks(json, skipBlanks(json, keyEnd) + 1);
    const end = endOfValue(json, start);
    // As JSON.parse: the last one counts.
    if (key === name) found = json.slice(start, end);
    at = skipBlanks(json, end);
    if (json[at] === ',') at = skipBlanks(json, at + 1);
  }
  return found === undefined ? undefined : compact(found);
}

/** The texts of an array's elements, in the same way. @param json must have passed JSON.parse as an array */
export function elementsOf(json: string): string[] {
  const elements: string[] = [];
  let at = skipBlanks(json, json.indexOf('[') + 1);
  while (at < json.length && json[at] !== ']') {
    const end = endOfValue(json, at);
    elements.push(json.slice(at, end));
    at = skipBlanks(json, end);
    if (json[at] === ',') at = skipBlanks(json, at + 1);
  }
  return elements;
}

function compact(value: string): string {
  const parts: string[] = [];
  let at = 0;
  while (at < value.length) {
    if (value[at] === '"') {
      const end = endOfString(value, at);
      const text = value.slice(at, end);
      // Lone surrogates stay escaped: they have no UTF-8.
      parts.push(text.includes('\\') ? JSON.stringify(JSON.parse(text)) : text);
      at = end;
    } else {
      const quote = value.indexOf('"', at);
      const end = quote === -1 ? value.length : quote;
      parts.push(value.slice(at, end).replace(/[ \t\r\n]+/g, ''));
      at = end;
    }
  }
  return parts.join('');
}

function endOfValue(json: string, start: number): number {
  let depth = 0;
  let at = start;
  while (at < json.length) {
    const character = json[at]!;
    if (character === '"') {
      at = endOfString(json, at);
      if (depth === 0) return at;
      continue;
    }
    if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') {
      // The end of the object around a bare number or word.
      if (depth === 0) return at;
      depth--;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (character === ',' || isBlank(character))) return at;
    at++;
  }
  return at;
}

/** Just behind the closing quote of the string that opens at `start`. */
function endOfString(json: string, start: number): number {
  let at = json.indexOf('"', start + 1);
  while (at !== -1) {
    let backslashes = 0;
    while (json[at - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return at + 1;
    at = json.indexOf('"', at + 1);
  }
  return json.length;
}

function skipBlanks(json: string, from: number): number {
  let at = from;
  while (at < json.length && isBlank(json[at]!)) at++;
  return at;
}

function isBlank(character: string): boolean {
  return character === ' ' || character === '\n' || character === '\t' || character === '\r';
}
