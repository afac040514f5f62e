import { signatureHeaders } from '@wxthirdparty/platform';
import type { SavedRequest } from './saved-request.ts';

/** By Standard Webhooks: receivers refuse a request that was signed longer ago, or so far in the future. */
const TOLERANCE_MS = 5 * 60_000;

const REQUIRED = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;

export interface CheckedDelivery {
  /** Sentences about what holds. */
  readonly holds: readonly string[];
  /** Sentences about what a receiver refuses, and why. Empty: the delivery is genuine. */
  readonly faults: readonly string[];
}

/**
 * Checks a delivery by signing it again, with the function that signs deliveries. `secrets`: the bytes of each; `receivedAt`:
 * by the receiver's clock.
 */
export function checkDelivery(request: SavedRequest, secrets: readonly Buffer[], receivedAt: Date): CheckedDelivery {
  const missing = REQUIRED.filter((name) => !request.headers.get(name));
  if (missing.length > 0) return { holds: [], faults: [describeMissing(missing)] };
  const timestamp = request.headers.get('webhook-timestamp')!;
  if (!/^\d{1,12}$/.test(timestamp)) {
    return {
      holds: [],
      faults: [`The header webhook-timestamp is "${timestamp}", which is not a number of Unix seconds.`],
    };
  }
  const signedAt = new Date(Number(timestamp) * 1000);
  const time = checkTime(signedAt, receivedAt);
  const signature = checkSignature(request, secrets, signedAt);
  return { holds: [...signature.holds, ...time.holds], faults: [...signature.faults, ...time.faults] };
}

function describeMissing(missing: readonly string[]): string {
  const headers = missing.length === 1 ? `The header ${missing[0]} is` : `The headers ${missing.join(', ')} are`;
  return `${headers} missing. Every delivery has them: either the request is not a delivery, or a proxy removed them, or they were not saved.`;
}

function checkTime(signedAt: Date, receivedAt: Date): CheckedDelivery {
  const ageMs = receivedAt.getTime() - signedAt.getTime();
  const when = `It was signed at ${signedAt.toISOString()}, ${described(Math.abs(ageMs))} ${ageMs < 0 ? 'after' : 'before'} ${receivedAt.toISOString()}`;
  if (Math.abs(ageMs) <= TOLERANCE_MS) return { holds: [`${when}; five minutes are permitted.`], faults: [] };
  const advice =
    ageMs > 0
      ? 'If it arrived earlier than that, give the time of its arrival by --received. Otherwise the receiver’s clock is fast, or an old request was repeated'
      : 'The receiver’s clock is slow, or the gateway’s is fast';
  return { holds: [], faults: [`${when}; receivers permit five minutes. ${advice}.`] };
}

function checkSignature(request: SavedRequest, secrets: readonly Buffer[], signedAt: Date): CheckedDelivery {
  const id = request.headers.get('webhook-id')!;
  const given = request.headers
    .get('webhook-signature')!
    .split(' ')
    .filter((one) => one.startsWith('v1,'));
  if (given.length === 0) {
    return { holds: [], faults: ['The header webhook-signature has no signature of the form "v1,BASE64".'] };
  }
  const isSigned = (body: Buffer) =>
    signatureHeaders(secrets, id, body, signedAt)
      ['webhook-signature'].split(' ')
      .some((one) => given.includes(one));
  if (isSigned(request.body)) return { holds: ['The signature matches the secret and the body.'], faults: [] };
  const change = CHANGES.find(({ undo }) => undo(request.body).some(isSigned));
  if (change) return { holds: ['The signature matches the secret.'], faults: [change.sentence] };
  return { holds: [], faults: [`No signature matches. ${suspicion(request, id)}`] };
}

/** What editors, parsers and proxies do to a body, and how it is undone. */
const CHANGES: readonly { readonly undo: (body: Buffer) => Buffer[]; readonly sentence: string }[] = [
  {
    undo: (body) => {
      const text = body.toString('latin1');
      return [text.replace(/\r?\n$/, ''), text.replace(/(?:\r?\n)+$/, ''), `${text}\n`].map(toBytes);
    },
    sentence:
      'The body was changed: a line break was added or removed at its end. Many editors do that when they save a file; save the body as it arrived.',
  },
  {
    undo: (body) => {
      const text = body.toString('latin1').replaceAll('\r\n', '\n');
      return [text, text.replaceAll('\n', '\r\n')].map(toBytes);
    },
    sentence: 'The body was changed: its line breaks were converted between LF and CRLF.',
  },
  {
    undo: (body) => [body.subarray(3)],
    sentence: 'The body was changed: a byte order mark was added at its beginning.',
  },
  {
    undo: (body) => {
      try {
        return [Buffer.from(JSON.stringify(JSON.parse(body.toString('utf8'))))];
      } catch {
        return [];
      }
    },
    sentence:
      'The body was changed: it is the same JSON with other white space or escapes, so it was parsed and written again. Verify the bytes as they arrived, before express.json() or any other body parser.',
  },
  {
    // Text that was read as Latin 1 and written as UTF-8.
    undo: (body) => [Buffer.from(body.toString('utf8'), 'latin1')],
    sentence: 'The body was changed: its UTF-8 was read in another encoding and written again.',
  },
];

function toBytes(latin1: string): Buffer {
  return Buffer.from(latin1, 'latin1');
}

function suspicion({ body }: SavedRequest, id: string): string {
  if (body.length === 0) return 'The saved request has no body.';
  const idInBody = idOf(body);
  if (idInBody !== undefined && idInBody !== id) {
    return `The body belongs to another delivery: its id is ${idInBody}, and the header webhook-id is ${id}.`;
  }
  return 'Either the secret is not the one of this subscription at that time (POST /v1/subscriptions/:id/rotate-secret shows a new one), or the body was changed. Take the secret of the subscription whose URL received the request, and save the body as it arrived.';
}

function idOf(body: Buffer): string | undefined {
  try {
    const { data } = JSON.parse(body.toString('utf8')) as { data?: { id?: unknown } };
    return typeof data?.id === 'string' ? data.id : undefined;
  } catch {
    return undefined;
  }
}

const UNITS = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1_000, 'second'],
] as const;

function described(ms: number): string {
  const [unitMs, unit] = UNITS.find(([size]) => ms >= 2 * size) ?? UNITS[3];
  const count = Math.round(ms / unitMs);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
