import type { Chance } from '../chance.ts';

/** The content of a push, before it becomes XML. */
type PayloadValue = string | number | bigint | boolean | null | PayloadValue[] | { [name: string]: PayloadValue };
export type Payload = { [name: string]: PayloadValue };

/**
 * XML as WeChat writes it. Order, CDATA and whitespace vary randomly, to reveal readers that depend on them and to
 * produce paddings of every length (protocol §10 rules 4 and 16).
 */
export function writePayload(payload: Payload, chance: Chance): string {
  const names = Object.keys(payload);
  const first = chance.happens(0.25) ? chance.below(names.length) : 0;
  const between = chance.happens(0.5) ? '\n' : '';
  const elements = [...names.slice(first), ...names.slice(0, first)].map((name) =>
    element(name, payload[name] ?? '', chance),
  );
  return `<xml>${between}${elements.join(between)}${'\n'.repeat(chance.below(33))}</xml>`;
}

function element(name: string, value: PayloadValue, chance: Chance): string {
  if (Array.isArray(value)) return value.map((item) => element(name, item, chance)).join('');
  if (value !== null && typeof value === 'object') {
    const inner = Object.entries(value).map(([child, grandchild]) => element(child, grandchild, chance));
    return `<${name}>${inner.join('')}</${name}>`;
  }
  return `<${name}>${text(value, chance)}</${name}>`;
}

function text(value: string | number | bigint | boolean | null, chance: Chance): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const words = value === null ? '' : String(value);
  if (/^[\w@./:-]+$/.test(words) && chance.happens(0.2)) return words;
  return `<![CDATA[${words.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`;
}
