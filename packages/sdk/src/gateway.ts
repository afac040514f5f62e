import type { AnswerOf } from './endpoint.ts';
import { StillRunningError } from './errors.ts';
import type { Call, Operations } from './generated/api.ts';
import { pause } from './pause.ts';
import { type Aborting, type RequestOptions, Requests } from './requests.ts';
import { settledAnswer } from './settled-answer.ts';

export type Given<Route extends keyof Operations> = Aborting & {
  readonly idempotencyKey?: string | undefined;
} & Needed<'path', Operations[Route]['path']> &
  Needed<'query', Operations[Route]['query']> &
  Needed<'body', Operations[Route]['body']>;

type Needed<Name extends string, Part> = Part extends undefined
  ? unknown
  : Record<never, never> extends Part
    ? { readonly [name in Name]?: Part | undefined }
    : undefined extends Part
      ? { readonly [name in Name]?: Part }
      : { readonly [name in Name]: Part };

/** A submitted call; `Name` determines the type of WeChat's answer. */
export type SubmittedCall<Name extends string = string> = Call & { readonly endpoint?: Name };

export interface Waiting extends Aborting {
  /** Throws StillRunningError after it; unlimited by default, because the gateway settles every call. */
  readonly timeoutMs?: number | undefined;
}

/** A code is exchanged once, however often it is sent; a signature changes nothing, nor does the same handle again. */
const REPEATABLE: ReadonlySet<string> = new Set<keyof Operations>([
  'POST /v1/components/:appid/authorizations',
  'POST /v1/authorizers/:appid/js-config',
  'PATCH /v1/authorizers/:appid',
]);

const MIN_POLL_INTERVAL_MS = 250;
const MAX_POLL_INTERVAL_MS = 2_000;

/** The requests of one gateway, by the names of its OpenAPI document. */
export class Gateway {
  readonly #requests: Requests;

  constructor(options: RequestOptions) {
    this.#requests = new Requests(options);
  }

  /** Any request of the gateway, by its name in the OpenAPI document. Throws RefusedError, ConnectionError. */
  request<Route extends keyof Operations>(
    route: Route,
    ...given: Record<never, never> extends Given<Route> ? [Given<Route>?] : [Given<Route>]
  ): Promise<Operations[Route]['answer']>;
  /** Of any route: the union of what all of them take would be too large for the compiler. */
  async request(route: string, given: LooselyGiven = {}): Promise<unknown> {
    const { path = {}, query = {}, body, signal, idempotencyKey } = given;
    const [method = '', template = ''] = route.split(' ', 2);
    const filled = template.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(path[name])));
    const parameters = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, String(value)]));
    return this.#requests.ask({
      method,
      path: parameters.length === 0 ? filled : `${filled}?${search}`,
      body,
      signal,
      idempotencyKey,
      repeatable: REPEATABLE.has(route),
    });
  }

  /** A call and, after it is settled, WeChat's answer. */
  findCall(id: string, aborting: Aborting = {}): Promise<Call> {
    return this.request('GET /v1/calls/:id', { path: { id }, ...aborting });
  }

  /** Cancels a call that has not been sent. Throws RefusedError `already_departed`. */
  cancelCall(id: string, aborting: Aborting = {}): Promise<Call> {
    return this.request('DELETE /v1/calls/:id', { path: { id }, ...aborting });
  }

  /** WeChat's answer to a call that was submitted. Throws what `call` throws, and StillRunningError. */
  async waitFor<Name extends string>(
    call: SubmittedCall<Name> | string,
    { signal, timeoutMs = Number.POSITIVE_INFINITY }: Waiting = {},
  ): Promise<AnswerOf<Name>> {
    const startedAt = performance.now();
    let found: Call = typeof call === 'string' ? await this.findCall(call, { signal }) : call;
    for (
      let intervalMs = MIN_POLL_INTERVAL_MS;
      found.settledAt === null;
      intervalMs = Math.min(intervalMs * 1.5, MAX_POLL_INTERVAL_MS)
    ) {
      const remainingMs = timeoutMs - (performance.now() - startedAt);
      if (remainingMs <= 0) throw new StillRunningError(found);
      await pause(Math.min(intervalMs, remainingMs), signal);
      found = await this.findCall(found.id, { signal });
    }
    return settledAnswer(found) as AnswerOf<Name>;
  }
}

interface LooselyGiven extends Aborting {
  readonly path?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
}
