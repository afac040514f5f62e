import { type Fields, isFields, unreadableAnswer } from './ask.ts';

/** The lifetime of every WeChat token: two hours (protocol §3.11). */
const DEFAULT_TOKEN_TTL_SECONDS = 7200;

/** An empty string counts as absent; some ids are numbers. */
export function text(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function requiredText(fields: Fields, name: string, doing: string): string {
  const value = text(fields, name);
  if (value === undefined) throw unreadableAnswer(doing, `${name} is missing`);
  return value;
}

/** A text of the account's profile: empty if the account has none, undefined if the answer does not contain it. */
export function statement(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return value === '' ? '' : text(fields, name);
}

/** Some numbers are strings (protocol §9). */
export function integer(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

export function child(fields: Fields, name: string): Fields | undefined {
  const value = fields[name];
  return isFields(value) ? value : undefined;
}

export function requiredChild(fields: Fields, name: string, doing: string): Fields {
  const value = child(fields, name);
  if (value === undefined) throw unreadableAnswer(doing, `${name} is missing`);
  return value;
}

export function children(fields: Fields, name: string): Fields[] {
  const value = fields[name];
  return Array.isArray(value) ? value.filter(isFields) : [];
}

/** `expires_in` in milliseconds; the default for a value that is missing or not positive. */
export function expiry(fields: Fields, otherwise = DEFAULT_TOKEN_TTL_SECONDS): number {
  const seconds = integer(fields, 'expires_in') ?? 0;
  return (seconds > 0 ? seconds : otherwise) * 1000;
}

/**
 * `func_info[].funcscope_category.id`: the permission sets that the merchant granted (protocol §3.5). Undefined if
 * `func_info` is null or missing, which is not the same as an empty list.
 */
export function scopes(fields: Fields): number[] | undefined {
  const listed = fields.func_info;
  if (!Array.isArray(listed)) return undefined;
  const ids = children(fields, 'func_info').flatMap((info) => {
    const category = child(info, 'funcscope_category');
    const id = category === undefined ? undefined : integer(category, 'id');
    return id === undefined ? [] : [id];
  });
  return listed.length > 0 && ids.length === 0 ? undefined : ids;
}
