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

/** A call that was submitted; `Name` remembers what WeChat will answer. */
export type SubmittedCall<Name extends string = string> = Call & { readonly endpoint?: Name };

export interface Waiting extends Aborting {
  /** StillRunningError after it; as long as it takes by default: the gateway settles every call in the end. */
  readonly timeoutMs?: number | undefined;
}

const FIRST_LOOK_MS = 250;
const LONGEST_LOOK_MS = 2_000;

/** What can be asked of one gateway, by the names of its OpenAPI document. */
export class Gateway {
  readonly #requests: Requests;

  constructor(options: RequestOptions) {
    this.#requests = new Requests(options);
  }

  /** Any request of the gateway's, by its name in the OpenAPI document. Throws RefusedError, ConnectionError. */
  async request<Route extends keyof Operations>(
    route: Route,
    ...[given]: Record<never, never> extends Given<Route> ? [Given<Route>?] : [Given<Route>]
  ): Promise<Operations[Route]['answer']> {
    const { path = {}, query = {}, body, signal, idempotencyKey } = (given ?? {}) as LooselyGiven;
    const [method = '', template = ''] = route.split(' ', 2);
    const filled = template.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(path[name])));
    const asked = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(asked.map(([name, value]): [string, string] => [name, String(value)]));
    const answer = await this.#requests.ask({
      method,
      path: asked.length === 0 ? filled : `${filled}?${search}`,
      body,
      signal,
      idempotencyKey,
    });
    return answer as Operations[Route]['answer'];
  }

  /** A call and, once it is settled, what WeChat answered. */
  findCall(id: string, aborting: Aborting = {}): Promise<Call> {
    return this.request('GET /v1/calls/:id', { path: { id }, ...aborting });
  }

  /** Cancels a call that has not departed. Throws RefusedError `already_departed`. */
  cancelCall(id: string, aborting: Aborting = {}): Promise<Call> {
    return this.request('DELETE /v1/calls/:id', { path: { id }, ...aborting });
  }

  /** WeChat's answer to a call that was submitted. Throws what `call` throws, and StillRunningError. */
  async waitFor<Name extends string>(
    call: SubmittedCall<Name> | string,
    { signal, timeoutMs = Number.POSITIVE_INFINITY }: Waiting = {},
  ): Promise<AnswerOf<Name>> {
    const begunAt = performance.now();
    let found: Call = typeof call === 'string' ? await this.findCall(call, { signal }) : call;
    for (let lookMs = FIRST_LOOK_MS; found.settledAt === null; lookMs = Math.min(lookMs * 1.5, LONGEST_LOOK_MS)) {
      const leftMs = timeoutMs - (performance.now() - begunAt);
      if (leftMs <= 0) throw new StillRunningError(found);
      await pause(Math.min(lookMs, leftMs), signal);
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
