import type { EndpointTypes } from './endpoint-types.ts';

/** Any API of WeChat by its method and path; editors propose those of the catalogue. */
export type EndpointName<Catalogued extends string> = Catalogued | (`${'GET' | 'POST'} /${string}` & {});

/** The input of an API: the query of a GET, the body of a POST. */
export type GivenTo<Name extends string> = Name extends keyof EndpointTypes ? EndpointTypes[Name]['given'] : object;

/** The answer of an API unless WeChat refuses. */
export type AnswerOf<Name extends string> = Name extends keyof EndpointTypes ? EndpointTypes[Name]['answer'] : unknown;

type Value = string | number | boolean;
export type Query = { readonly [name: string]: Value | readonly Value[] };

export interface WeChatRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
}

/** Throws TypeError for an invalid name. */
export function requestOf(name: string, given: object | undefined, query: Query | undefined): WeChatRequest {
  const [, method, path, search] = /^(GET|POST) (\/[^?\s]+)(?:\?(\S*))?$/.exec(name) ?? [];
  if (method === undefined || path === undefined) throw new TypeError(`no endpoint: ${JSON.stringify(name)}`);
  const asked: Query = {
    ...Object.fromEntries(new URLSearchParams(search ?? '')),
    ...(method === 'GET' ? (given as Query | undefined) : {}),
    ...query,
  };
  return {
    method: method as 'GET' | 'POST',
    path,
    ...(Object.keys(asked).length > 0 ? { query: withoutUndefined(asked) } : {}),
    ...(method === 'POST' && given !== undefined ? { body: given } : {}),
  };
}

function withoutUndefined(query: Query): Query {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
}
