import { ConnectionError, RefusedError } from './errors.ts';
import { pause } from './pause.ts';
import { refusalOf } from './refusal.ts';

export interface RequestOptions {
  readonly url: string | URL;
  readonly apiKey: string;
  /** The global `fetch` by default. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** How often a request is repeated if that is safe; 3 by default. */
  readonly retries?: number | undefined;
  /** A refusal that asks for a longer wait is thrown instead; 30 seconds by default. */
  readonly longestWaitMs?: number | undefined;
}

export interface Aborting {
  /** Aborts requests and waits; a call that has been sent is not cancelled. */
  readonly signal?: AbortSignal | undefined;
}

export interface GatewayRequest extends Aborting {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly idempotencyKey?: string | undefined;
  /** A POST that the gateway may receive twice without a second effect. */
  readonly repeatable?: boolean | undefined;
}

const FIRST_PAUSE_MS = 200;

/** Sends requests to one gateway, and repeats those that may be repeated. */
export class Requests {
  readonly #base: string;
  readonly #apiKey: string;
  readonly #fetch: typeof globalThis.fetch;
  readonly #retries: number;
  readonly #longestWaitMs: number;

  constructor({ url, apiKey, fetch, retries = 3, longestWaitMs = 30_000 }: RequestOptions) {
    this.#base = String(url).replace(/\/+$/, '');
    this.#apiKey = apiKey;
    // A browser's fetch must not be called as a method of another object.
    this.#fetch = fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#retries = retries;
    this.#longestWaitMs = longestWaitMs;
  }

  /** The answer's JSON, or its text if it is not JSON; undefined if it is empty. */
  async ask(request: GatewayRequest): Promise<unknown> {
    for (let attempt = 0; ; attempt++) {
      request.signal?.throwIfAborted();
      try {
        return await this.#send(request);
      } catch (error) {
        if (request.signal?.aborted) throw request.signal.reason;
        const waitMs = attempt < this.#retries ? waitBeforeNext(request, error, attempt) : undefined;
        if (waitMs === undefined || waitMs > this.#longestWaitMs) throw error;
        await pause(waitMs, request.signal);
      }
    }
  }

  async #send(request: GatewayRequest): Promise<unknown> {
    const { method, path, body, idempotencyKey, signal } = request;
    const headers: Record<string, string> = { authorization: `Bearer ${this.#apiKey}`, accept: 'application/json' };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey;
    try {
      const response = await this.#fetch(this.#base + path, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
      if (!response.ok) throw await refusalOf(response);
      const text = await response.text();
      if (text === '') return undefined;
      return isJson(response) ? (JSON.parse(text) as unknown) : text;
    } catch (error) {
      if (error instanceof RefusedError) throw error;
      // A broken connection or an incomplete answer.
      throw new ConnectionError(!mayRepeat(request), error);
    }
  }
}

function isJson({ headers }: Response): boolean {
  return /^application\/json\b/i.test(headers.get('content-type') ?? '');
}

/** Reading changes nothing; with an idempotency key the gateway recognizes a repeated request. */
function mayRepeat({ method, idempotencyKey, repeatable = false }: GatewayRequest): boolean {
  return method === 'GET' || idempotencyKey !== undefined || repeatable;
}

/** Undefined: the request must not be repeated, or would be refused again. */
function waitBeforeNext(request: GatewayRequest, error: unknown, attempt: number): number | undefined {
  const backoffMs = FIRST_PAUSE_MS * 2 ** attempt * (0.5 + Math.random() / 2);
  if (error instanceof ConnectionError) return mayRepeat(request) ? backoffMs : undefined;
  if (!(error instanceof RefusedError)) return undefined;
  const { status, retryAfterMs, problem } = error;
  if (status === 503 || status === 429) {
    // A request that the gateway itself refuses temporarily was not accepted. This does not follow from a 503 of another
    // server, nor from `unavailable` with the remedy `operator`: a call may have been recorded just before Redis failed.
    const refusedForNow = problem !== undefined && (problem.remedy === 'retry' || problem.remedy === 'slow-down');
    if (retryAfterMs === undefined) return mayRepeat(request) && status === 503 ? backoffMs : undefined;
    return refusedForNow || mayRepeat(request) ? Math.max(retryAfterMs, backoffMs) : undefined;
  }
  return (status === 502 || status === 504) && mayRepeat(request) ? backoffMs : undefined;
}
