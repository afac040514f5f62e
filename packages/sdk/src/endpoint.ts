import type { EndpointTypes } from './endpoint-types.ts';

/** Any API of WeChat's by its method and path; those of the catalogue are proposed by editors. */
export type EndpointName<Catalogued extends string> = Catalogued | (`${'GET' | 'POST'} /${string}` & {});

/** What an API is given: the query of a GET, the body of a POST. */
export type GivenTo<Name extends string> = Name extends keyof EndpointTypes ? EndpointTypes[Name]['given'] : object;

/** What it answers when WeChat did not refuse. */
export type AnswerOf<Name extends string> = Name extends keyof EndpointTypes ? EndpointTypes[Name]['answer'] : unknown;

type Value = string | number | boolean;
export type Query = { readonly [name: string]: Value | readonly Value[] };

export interface WeChatRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
}

/** Throws TypeError where the name is none. */
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
