import { Failure } from '@wxthirdparty/wechat';

/** A request as its receiver saved it. */
export interface SavedRequest {
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/**
 * Reads a saved request: as in HTTP (header lines, an empty line, the body), or as JSON with `headers` and `body`, like the
 * `request` that `POST /v1/subscriptions/:id/test` answers. If the body is in a file of its own, the text has only the
 * headers. Throws a Failure.
 */
export function readSavedRequest(saved: Buffer, separateBody?: Buffer): SavedRequest {
  const json = jsonObjectIn(saved);
  if (json) return requestOfJson(json, separateBody);
  const { head, rest } = splitHead(saved);
  const headers = new Map(head.split(/\r?\n/).flatMap(headerOf));
  if (headers.size === 0) throw unreadable('it has no header lines, like "webhook-id: …"');
  return { headers, body: separateBody ?? rest };
}

type Json = Readonly<Record<string, unknown>>;

function jsonObjectIn(saved: Buffer): Json | undefined {
  const text = saved.toString('utf8').trim();
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function requestOfJson(json: Json, separateBody: Buffer | undefined): SavedRequest {
  const request = isObject(json.request) ? json.request : json;
  const headers = isObject(request.headers) ? request.headers : request;
  const named = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[name.toLowerCase(), value]] : [],
  );
  if (separateBody) return { headers: new Map(named), body: separateBody };
  if (typeof request.body === 'string') return { headers: new Map(named), body: Buffer.from(request.body) };
  throw unreadable(
    isObject(request.body)
      ? 'its "body" was parsed; save it as the text that arrived, because the signature covers its bytes'
      : 'it has no "body"; add it as a text, or name the file with it by --body',
  );
}

function splitHead(saved: Buffer): { head: string; rest: Buffer } {
  // Latin 1 has one character for each byte.
  const separator = /\r?\n\r?\n/.exec(saved.toString('latin1'));
  if (!separator) return { head: saved.toString('utf8'), rest: Buffer.alloc(0) };
  return {
    head: saved.subarray(0, separator.index).toString('utf8'),
    rest: saved.subarray(separator.index + separator[0].length),
  };
}

/** Nothing for the request line. */
function headerOf(line: string): [string, string][] {
  const found = /^([\w-]+):\s*(.*?)\s*$/.exec(line);
  return found ? [[found[1]!.toLowerCase(), found[2]!]] : [];
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadable(why: string): Failure {
  return new Failure('request_unreadable', 'fix-request', `The saved request cannot be read: ${why}.`);
}
