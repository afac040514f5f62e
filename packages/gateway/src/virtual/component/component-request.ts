import type { IncomingMessage } from 'node:http';
import { demandScope } from '@wxthirdparty/platform';
import { isTokenParameter } from '@wxthirdparty/wechat';
import { z } from 'zod';
import { readBody } from '../../http/read-body.ts';
import type { Caller } from '../../key/caller.ts';
import { type AuthorizationServices, holderOf, type Parameters, tokenIn } from '../authorized-request.ts';
import type { CallNote } from '../call-route.ts';
import { type Refusal, refusals } from '../refusal.ts';

const BODY = { limit: 64 * 1024, timeoutMs: 10_000 } as const;

/** Programs send null for what they do not have. */
export const text = z.string().nullish();

/** The fields of every request to a component API; others pass unchanged. */
export const ComponentFields = z.looseObject({ component_appid: text });

/** A request to a component API, with a component token of ours. */
export interface ComponentRequest<Fields> {
  readonly caller: Caller;
  readonly component: string;
  readonly fields: Fields;
  /** Without the token. */
  readonly query: Parameters;
  /** As it was sent. */
  readonly body: Buffer;
}

/**
 * Reads whose token the request carries, under either name and anywhere in the query (protocol §3.0), and the body, whatever its
 * content type. Throws Failure.
 */
export async function readComponentRequest<Fields extends z.infer<typeof ComponentFields>>(
  services: Pick<AuthorizationServices, 'tokens' | 'authenticator'>,
  request: IncomingMessage,
  search: string,
  schema: z.ZodType<Fields>,
  note: CallNote,
): Promise<ComponentRequest<Fields> | Refusal> {
  if (request.method !== 'POST') return refusals.needsPost;
  const parameters = [...new URLSearchParams(search)];
  const held = await holderOf(services, tokenIn(parameters));
  if ('errcode' in held) return held;
  const { caller, grant } = held;
  note.key = caller.id;
  demandScope(caller.rights, 'calls');
  if (grant.appid !== grant.component) return refusals.notAComponentToken;
  const body = await readBody(request, { ...BODY, sender: 'key-holder' });
  const fields = parseFields(body, schema);
  if (fields === undefined) return refusals.badJson;
  if (!fields.component_appid) return refusals.missingComponentAppid;
  // A deployment may run several components.
  if (fields.component_appid !== grant.component) return refusals.otherComponent;
  const query = parameters.filter(([name]) => !isTokenParameter(name));
  return { caller, component: grant.component, fields, query, body };
}

/** An empty body has no fields. Undefined if it is not JSON, or not of this form. */
export function parseFields<Fields>(body: Buffer, schema: z.ZodType<Fields>): Fields | undefined {
  try {
    return schema.parse(body.length === 0 ? {} : JSON.parse(body.toString('utf8').replace(/^\ufeff/, '')));
  } catch {
    return undefined;
  }
}
