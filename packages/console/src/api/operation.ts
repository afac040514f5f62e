import type { Operations } from '@wxthirdparty/sdk';
import { send } from './send.ts';

export type Operation = keyof Operations;
export type AnswerOf<O extends Operation> = Operations[O]['answer'];
/** The operations that only read. */
export type Reading = Extract<Operation, `GET ${string}`>;

type Part<Name extends string, Value> =
  Record<never, never> extends Value ? { readonly [N in Name]?: Value } : { readonly [N in Name]: Value };

/** What an operation needs: the parameters of its path, its query, its body. */
export type InputOf<O extends Operation> = Part<'path', Operations[O]['path']> &
  Part<'query', Operations[O]['query']> &
  (Operations[O]['body'] extends undefined ? unknown : { readonly body: Operations[O]['body'] });

interface LooseInput {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** Requests one operation of the API, as its description types it. Throws ApiError. */
export async function request<O extends Operation>(
  operation: O,
  input: InputOf<O>,
  signal?: AbortSignal,
): Promise<AnswerOf<O>> {
  const [method = ''] = operation.split(' ');
  return (await send(method, urlOf(operation, input), (input as LooseInput).body, signal)) as AnswerOf<O>;
}

/** The address of an operation, with the parameters of path and query. Undefined and empty parameters are not sent. */
export function urlOf<O extends Operation>(operation: O, input: InputOf<O>): string {
  const { path = {}, query = {} } = input as LooseInput;
  const [, pattern = ''] = operation.split(' ');
  const filled = pattern.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(path[name] ?? ''));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') search.set(name, String(value));
  }
  return search.size === 0 ? filled : `${filled}?${search}`;
}
