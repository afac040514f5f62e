import { endpointOf, Failure } from '@wxthirdparty/wechat';
import { z } from 'zod';
import { memberOf } from './json-member.ts';
import { mints, namesToken, pathFault, pathShape } from './wechat-path.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]);

const path = z
  .string()
  .superRefine((path, context) => {
    const fault = pathFault(path);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
    else if (mints(path)) {
      context.addIssue({
        code: 'custom',
        message: 'this API gives out credentials, which are the platform’s business',
      });
    }
  })
  .meta({
    description: 'a path of WeChat’s, without host and query',
    pattern: pathShape.source,
    examples: ['/cgi-bin/message/custom/send', '/cgi-bin/user/get'],
  });

/** What `POST /v1/authorizers/:appid/calls` takes. */
export const CallBody = z
  .strictObject({
    method: z.enum(['GET', 'POST']),
    path,
    query: z
      .record(z.string(), z.union([scalar, z.array(scalar)]))
      .default({})
      .meta({ description: 'without tokens: the platform adds them' }),
    body: z.unknown().optional().meta({ description: 'any JSON, sent as it is written; null is none' }),
    waitMs: z.int().min(0).max(60_000).default(30_000).meta({ description: '0: nobody waits' }),
  })
  .superRefine(({ method, path, query }, context) => {
    // A person's own token (/sns/userinfo) is theirs to send; all others are ours to add.
    const brought = endpointOf(method, path).token === 'user' ? 'access_token' : undefined;
    for (const name of Object.keys(query)) {
      if (name === brought || !namesToken(name)) continue;
      context.addIssue({ code: 'custom', path: ['query', name], message: 'tokens are added by the platform' });
    }
  })
  .meta({ id: 'CallRequest' });

export interface ReadCallBody {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly contentType?: string;
  readonly body?: Buffer;
  readonly waitMs: number;
}

/** Throws Failure `invalid_request`. */
export function readCallBody(bytes: Buffer): ReadCallBody {
  const text = textOf(bytes);
  const result = CallBody.safeParse(parse(text));
  if (!result.success) throw invalid(describe(result.error));
  const { method, path, body, waitMs } = result.data;
  const query = readQuery(memberOf(text, 'query'));
  if (body === undefined || body === null) return { method, path, query, waitMs };
  if (method === 'GET') throw invalid('body: a GET carries none');
  // From the text, not from the value: a value has forgotten the digits of large integers.
  const exact = Buffer.from(memberOf(text, 'body')!);
  return { method, path, query, contentType: 'application/json; charset=utf-8', body: exact, waitMs };
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

function describe(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => {
      // What is wrong with a member's name stands one step deeper.
      const message = (issue.code === 'invalid_key' && issue.issues[0]?.message) || issue.message;
      return issue.path.length === 0 ? message : `${issue.path.join('.')}: ${message}`;
    })
    .join('; ');
}

function invalid(message: string): Failure {
  return new Failure('invalid_request', 'fix-request', message);
}
