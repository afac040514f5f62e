import { bringsToken, canonicalPath, Failure, mints, pathFault, pathShape } from '@wxthirdparty/wechat';
import { z } from 'zod';
import { faultsOf } from '../http/read-query.ts';
import { elementsOf, memberOf } from './json-member.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]);

const time = z.iso
  .datetime({ offset: true, error: 'must be a time in ISO 8601 with its zone, like 2030-01-31T08:00:00Z' })
  .transform((text) => new Date(text));

const path = z
  .string()
  .superRefine((path, context) => {
    // By whatever spelling: this comes before the shape.
    if (mints(path)) {
      context.addIssue({
        code: 'custom',
        message: 'this API issues credentials, which only the platform keeps',
      });
      return;
    }
    const fault = pathFault(path);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  })
  .transform(canonicalPath)
  .meta({
    description: 'any path of WeChat’s API, without host and query',
    pattern: pathShape.source,
    examples: ['/cgi-bin/message/custom/send', '/cgi-bin/user/get'],
  });

const request = {
  method: z.enum(['GET', 'POST']),
  path,
  query: z
    .record(z.string(), z.union([scalar, z.array(scalar)]))
    .default({})
    .meta({ description: 'without tokens: the platform adds them; at most 16 KB' }),
  body: z.unknown().optional().meta({ description: 'any JSON, sent as it is written; null is none' }),
  deadlineAt: time.optional().meta({ description: 'it does not leave later: `deadline_passed`' }),
  notBeforeAt: time.optional().meta({ description: 'it does not leave earlier; it waits in the background' }),
  callbackUrl: z.string().optional().meta({ description: 'told of the outcome, by the Standard Webhooks scheme' }),
};

/** A person's own token (/sns/userinfo) is theirs to send; all others are ours to add. */
function bringsNoToken(
  { method, path, query }: { method: string; path: string; query: object },
  context: z.RefinementCtx,
): void {
  for (const name of Object.keys(query)) {
    if (!bringsToken(name, method, path)) continue;
    context.addIssue({ code: 'custom', path: ['query', name], message: 'tokens are added by the platform' });
  }
}

/** What `POST /v1/authorizers/:appid/calls` takes. */
export const CallBody = z
  .strictObject({
    ...request,
    waitMs: z
      .int()
      .min(0)
      .max(60_000)
      .optional()
      .meta({ description: '0: nobody waits; 30000 by default, 0 where `notBeforeAt` is given' }),
  })
  .superRefine(bringsNoToken)
  .meta({ id: 'CallRequest' });

const MOST_IN_BATCH = 1_000;
/** In a query. */
const MOST_NAMES = 1_000;

const BatchedCall = z
  .strictObject({
    ...request,
    appid: z.string().min(1).meta({ description: 'the account' }),
    component: z
      .string()
      .optional()
      .meta({ description: 'where the account exists under several; a component’s own calls have its appid in both' }),
  })
  .superRefine(bringsNoToken)
  .meta({ id: 'BatchedCall' });

/** What `POST /v1/calls/batch` takes: calls for which nobody waits. */
export const BatchBody = z.strictObject({ calls: z.array(BatchedCall).min(1).max(MOST_IN_BATCH) });

export interface ReadCallBody {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly contentType?: string;
  readonly body?: Buffer;
  readonly deadlineAt?: Date | undefined;
  readonly notBeforeAt?: Date | undefined;
  readonly callbackUrl?: string | undefined;
  readonly waitMs: number;
}

export interface ReadBatchedCall extends ReadCallBody {
  readonly appid: string;
  readonly component?: string | undefined;
}

/** Throws Failure `invalid_request`. */
export function readCallBody(bytes: Buffer): ReadCallBody {
  const text = textOf(bytes);
  const value = parse(text);
  if (hasWideQuery(value)) throw wideQuery();
  const result = CallBody.safeParse(value);
  if (!result.success) throw invalid(faultsOf(result.error));
  const { waitMs, ...call } = result.data;
  return { ...asWritten(call, text), waitMs: waitMs ?? (call.notBeforeAt ? 0 : 30_000) };
}

/** Each call, or why it is none: one that is wrong must not keep the others back. Throws Failure `invalid_request`. */
export function readBatchBody(bytes: Buffer): (ReadBatchedCall | Failure)[] {
  const text = textOf(bytes);
  const whole = parse(text);
  const shape = z.strictObject({ calls: z.array(z.unknown()).min(1).max(MOST_IN_BATCH) }).safeParse(whole);
  if (!shape.success) throw invalid(faultsOf(shape.error));
  return elementsOf(memberOf(text, 'calls')!).map((element, i) => {
    if (hasWideQuery(shape.data.calls[i])) return wideQuery();
    const result = BatchedCall.safeParse(shape.data.calls[i]);
    if (!result.success) return invalid(faultsOf(result.error));
    const { appid, component, ...call } = result.data;
    try {
      return { ...asWritten(call, element), appid, component, waitMs: 0 };
    } catch (error) {
      if (error instanceof Failure) return error;
      throw error;
    }
  });
}

/** Before anybody looks at each name: millions of them would keep all others waiting. */
function hasWideQuery(value: unknown): boolean {
  const query = (value as { query?: unknown } | null)?.query;
  return typeof query === 'object' && query !== null && Object.keys(query).length > MOST_NAMES;
}

function wideQuery(): Failure {
  return invalid(`query: at most ${MOST_NAMES} names`);
}

/** Body and query from the text, not from the value: a value has forgotten the digits of large integers. */
function asWritten(call: z.output<typeof CallBody>, text: string): Omit<ReadCallBody, 'waitMs'> {
  const { method, path, body, deadlineAt, notBeforeAt, callbackUrl } = call;
  const query = readQuery(memberOf(text, 'query'));
  const read = { method, path, query, deadlineAt, notBeforeAt, callbackUrl };
  if (body === undefined || body === null) return read;
  if (method === 'GET') throw invalid('body: a GET carries none');
  return { ...read, contentType: 'application/json; charset=utf-8', body: Buffer.from(memberOf(text, 'body')!) };
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid('the body is not UTF-8');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the body.
    throw invalid('the body is not JSON');
  }
}

/** TypeScript does not know the third argument yet. */
type Reviver = (name: string, value: unknown, context: { readonly source: string }) => unknown;

const exactIntegers: Reviver = (_name, value, { source }) =>
  typeof value === 'number' && /^-?\d+$/.test(source) ? source : value;

function readQuery(text: string | undefined): [string, string][] {
  if (text === undefined) return [];
  const exact = JSON.parse(text, exactIntegers as (name: string, value: unknown) => unknown) as Record<string, unknown>;
  return Object.entries(exact).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, String(one)]),
  );
}

function invalid(message: string): Failure {
  return new Failure('invalid_request', 'fix-request', message);
}
