/** Names of members that contain neither secrets nor personal data. */
const plain =
  /^(?:id|kind|method|url|appid|component|owner|authorizer|account|state|queue)$|(?:[a-z](?:Id|Appid|Hash))$/;
const personal = /open_?id|union_?id|user|code|ticket|token|secret|key/i;
const sealed = /envelope|encrypt|sealed|cipher/i;

/** Keeps ids, numbers and dates; of everything else only its kind and size. */
export function redact(value: unknown, name = ''): unknown {
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean') return value;
  if (sealed.test(name)) return `sealed, ${bytesOf(value)} bytes`;
  if (typeof value === 'string') {
    if (name === 'path' && /^[\w./-]{1,256}$/.test(value)) return value;
    if (isDate(value) || (isPlain(name) && /^[\w.:{}@-]{1,128}$/.test(value))) return value;
    return `masked, ${value.length} characters`;
  }
  if (Array.isArray(value)) return value.map((item) => redact(item, name));
  if (typeof value !== 'object') return 'masked';
  return Object.fromEntries(Object.entries(value).map(([member, v]) => [member, redact(v, member)]));
}

/** The return value of a job; expected outcomes are words (`stored`, `superseded`). */
export function redactOutcome(value: unknown): unknown {
  // BullMQ may pass it on as JSON text.
  if (typeof value === 'string' && /^"?[a-z][a-z_-]{0,31}"?$/.test(value)) return value;
  return redact(value);
}

/** Hides words of a message or log line that are long and opaque enough to be a token, an openid or a code. */
export function redactText(text: string): string {
  return text.replace(/[A-Za-z0-9_+=@%-]{20,}/g, (word) =>
    /^[a-z_-]+$/.test(word) ? word : `‹${word.length} characters›`,
  );
}

function isPlain(name: string): boolean {
  return plain.test(name) && !personal.test(name);
}

function isDate(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text);
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(typeof value === 'string' ? value : JSON.stringify(value));
}
