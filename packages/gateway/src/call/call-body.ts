import { isUtf8 } from 'node:buffer';
import {
  canonicalPath,
  componentLoginOf,
  Failure,
  isReservedTokenParameter,
  issuesCredentials,
  PATH_PATTERN,
  pathFault,
} from '@wxthirdparty/wechat';
import { z } from 'zod';
import { faultsOf } from '../http/read-query.ts';
import {
  Breather,
  compact,
  expectEnd,
  inSlices,
  invalid,
  kindOf,
  readValue,
  type Span,
  startOf,
  TooManyChildren,
  type Value,
} from './json-text.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]);

const time = z.iso
  .datetime({ offset: true, error: 'must be a time in ISO 8601 with its zone, like 2030-01-31T08:00:00Z' })
  .transform((text) => new Date(text));

const path = z
  .string()
  .superRefine((path, context) => {
    // In any spelling, therefore before the path's form is checked.
    if (issuesCredentials(path) && componentLoginOf(path) === undefined) {
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
    pattern: PATH_PATTERN.source,
    examples: ['/cgi-bin/message/custom/send', '/cgi-bin/user/get'],
  });

const MAX_ORDER_KEY_LENGTH = 64;

const request = {
  method: z.enum(['GET', 'POST']),
  path,
  query: z
    .record(z.string(), z.union([scalar, z.array(scalar)]))
    .default({})
    .meta({ description: 'without tokens: the platform adds them; at most 16 KB' }),
  body: z.unknown().optional().meta({ description: 'any JSON of at most 512 levels, sent unchanged; null: no body' }),
  deadlineAt: time.optional().meta({ description: 'the call is not sent after this time: `deadline_passed`' }),
  notBeforeAt: time
    .optional()
    .meta({ description: 'the call is not sent before this time; it waits in the background' }),
  orderKey: z.string().min(1).max(MAX_ORDER_KEY_LENGTH).optional().meta({
    description:
      'calls of the account with the same one are sent one after the other, in their order; only for background calls',
  }),
  durable: z.boolean().optional().meta({
    description:
      'it is sent only once a replica of Redis knows that it departs, so that a failover hardly ever sends it twice; only for background calls',
  }),
  callbackUrl: z
    .string()
    .optional()
    .meta({ description: 'the address to which the outcome is reported, by the Standard Webhooks scheme' }),
};

/** The caller sends a user's own token (/sns/userinfo); the platform adds all others. */
function refuseTokens(
  { method, path, query }: { method: string; path: string; query: object },
  context: z.RefinementCtx,
): void {
  for (const name of Object.keys(query)) {
    if (!isReservedTokenParameter(name, method, componentLoginOf(path) ?? path)) continue;
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
      .meta({ description: '0: a background call; default 30000, 0 with `notBeforeAt`, `orderKey` or `durable`' }),
  })
  .superRefine(refuseTokens)
  .meta({ id: 'CallRequest' });

const MAX_IN_BATCH = 1_000;
/** In a query. */
const MAX_NAMES = 1_000;

const BatchedCall = z
  .strictObject({
    ...request,
    appid: z.string().min(1).meta({ description: 'the account' }),
    component: z.string().optional().meta({
      description: 'required if the account authorized several; a component’s own calls have its appid in both fields',
    }),
  })
  .superRefine(refuseTokens)
  .meta({ id: 'BatchedCall' });

/** What `POST /v1/calls/batch` takes: background calls. */
export const BatchBody = z.strictObject({ calls: z.array(BatchedCall).min(1).max(MAX_IN_BATCH) });

export interface ReadCallBody {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly contentType?: string;
  readonly body?: Buffer;
  readonly deadlineAt?: Date | undefined;
  readonly notBeforeAt?: Date | undefined;
  readonly orderKey?: string | undefined;
  readonly durable?: boolean | undefined;
  readonly callbackUrl?: string | undefined;
  readonly waitMs: number;
}

export interface ReadBatchedCall extends ReadCallBody {
  readonly appid: string;
  readonly component?: string | undefined;
}

/** Throws Failure `invalid_request`. */
export async function readCallBody(json: Buffer): Promise<ReadCallBody> {
  const { fields, body } = fieldsOf(json, await wholeOf(json));
  const result = CallBody.safeParse(fields);
  if (!result.success) throw invalid(faultsOf(result.error));
  const { waitMs, ...call } = result.data;
  return {
    ...(await asWritten(call, json, body)),
    waitMs: waitMs ?? (call.notBeforeAt || call.orderKey !== undefined || call.durable ? 0 : 30_000),
  };
}

/** Each call, or why it is invalid: an invalid call must not affect the others. Throws Failure `invalid_request`. */
export async function readBatchBody(json: Buffer): Promise<(ReadBatchedCall | Failure)[]> {
  const whole = await wholeOf(json);
  const { calls, ...unknown } = membersOf(json, whole);
  if (calls === undefined || kindOf(json, calls) !== 'array' || Object.keys(unknown).length > 0) {
    throw invalid('the body must be {"calls":[…]}, and nothing else');
  }
  const { children: elements } = await inSlices(readValue(json, calls.start, MAX_IN_BATCH)).catch(asLimit);
  if (elements.length === 0) throw invalid('calls: at least one');
  const breather = new Breather();
  const read: (ReadBatchedCall | Failure)[] = [];
  for (const element of elements) {
    read.push(await readBatched(json, element));
    await breather.worked(element.end - element.start);
  }
  return read;
}

async function readBatched(json: Buffer, element: Span): Promise<ReadBatchedCall | Failure> {
  try {
    const { fields, body } = fieldsOf(json, await inSlices(readValue(json, element.start, MAX_MEMBERS)));
    const result = BatchedCall.safeParse(fields);
    if (!result.success) throw invalid(faultsOf(result.error));
    const { appid, component, ...call } = result.data;
    return { ...(await asWritten(call, json, body)), appid, component, waitMs: 0 };
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

function asLimit(error: unknown): never {
  throw error instanceof TooManyChildren ? invalid(`calls: at most ${MAX_IN_BATCH}`) : error;
}

/** Checks that the whole text is JSON. */
async function wholeOf(json: Buffer): Promise<Value> {
  if (!isUtf8(json)) throw invalid('the body is not UTF-8');
  const whole = await inSlices(readValue(json, startOf(json), MAX_MEMBERS));
  expectEnd(json, whole.end);
  return whole;
}

/** Far more than a call has. */
const MAX_MEMBERS = 100;
const MAX_NAME_BYTES = 256;
/** Of each member except `body`: a query of maximum length, each letter escaped. */
const MAX_MEMBER_BYTES = 128 * 1024;

/** An object's members by name; of two with the same name the last counts, as in JSON.parse. */
function membersOf(json: Buffer, object: Value): Record<string, Span> {
  if (kindOf(json, object) !== 'object') throw invalid('expected an object');
  const members: Record<string, Span> = Object.create(null);
  for (const { name, start, end } of object.children)
    members[textOf(json, name!, MAX_NAME_BYTES) as string] = { start, end };
  // Schemas ignore this member, and recursion into it would be unlimited.
  if ('__proto__' in members) throw invalid('Unrecognized key: "__proto__"');
  return members;
}

/** For the schemas: the value of every member except `body`, which is included as a mark unless it is null. */
function fieldsOf(
  json: Buffer,
  object: Value,
): { readonly fields: Record<string, unknown>; readonly body: Span | undefined } {
  const { body, ...members } = membersOf(json, object);
  const fields: Record<string, unknown> = {};
  for (const [name, span] of Object.entries(members)) fields[name] = textOf(json, span, MAX_MEMBER_BYTES, name);
  checkQuery(fields.query);
  const given = body !== undefined && kindOf(json, body) !== 'null' ? body : undefined;
  return { fields: given === undefined ? fields : { ...fields, body: true }, body: given };
}

function checkQuery(query: unknown): void {
  if (typeof query !== 'object' || query === null) return;
  // Before each name is checked: millions of them would block the event loop.
  if (Object.keys(query).length > MAX_NAMES) throw invalid(`query: at most ${MAX_NAMES} names`);
  if (Object.hasOwn(query, '__proto__')) throw invalid('query.__proto__: no parameter has this name');
}

/** The value of a small part, with integers as they were written. */
function textOf(json: Buffer, { start, end }: Span, maxBytes: number, name = 'a name'): unknown {
  if (end - start > maxBytes) throw invalid(`${name.slice(0, 64)}: must have at most ${maxBytes} bytes`);
  return JSON.parse(json.toString('utf8', start, end), exactIntegers as (name: string, value: unknown) => unknown);
}

/** Body and query as they were written, because a parsed value loses digits of large integers. */
async function asWritten(
  { method, path, query, deadlineAt, notBeforeAt, orderKey, durable, callbackUrl }: z.output<typeof CallBody>,
  json: Buffer,
  body: Span | undefined,
): Promise<Omit<ReadCallBody, 'waitMs'>> {
  const parameters = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, String(one)]),
  );
  const read = { method, path, query: parameters, deadlineAt, notBeforeAt, orderKey, durable, callbackUrl };
  if (body === undefined) return read;
  if (method === 'GET') throw invalid('body: a GET has none');
  return { ...read, contentType: 'application/json; charset=utf-8', body: await inSlices(compact(json, body)) };
}

/** TypeScript does not know the third argument yet. */
type Reviver = (name: string, value: unknown, context: { readonly source: string }) => unknown;

/** Only integers that a number cannot represent stay text; the others are checked as numbers. */
const exactIntegers: Reviver = (_name, value, { source }) =>
  typeof value === 'number' && (!Number.isSafeInteger(value) || Object.is(value, -0)) && /^-?\d+$/.test(source)
    ? source
    : value;
