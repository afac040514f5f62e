import { ConnectionError, RefusedError } from './errors.ts';
import { pause } from './pause.ts';
import { refusalOf } from './refusal.ts';

export interface RequestOptions {
  readonly url: string | URL;
  readonly apiKey: string;
  /** The platform's own by default. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** How often a request is repeated where that is safe; 3 by default. */
  readonly retries?: number | undefined;
  /** Whoever is asked to wait longer is told instead; 30 seconds by default. */
  readonly longestWaitMs?: number | undefined;
}

export interface Aborting {
  /** Ends the asking and the waiting; a call that has departed is not called back. */
  readonly signal?: AbortSignal | undefined;
}

export interface Asked extends Aborting {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly idempotencyKey?: string | undefined;
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
    // Browsers' fetch must not be called as a method of anything else.
    this.#fetch = fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#retries = retries;
    this.#longestWaitMs = longestWaitMs;
  }

  /** The answer's JSON, or its text where it is none; undefined where it is empty. */
  async ask(asked: Asked): Promise<unknown> {
    for (let attempt = 0; ; attempt++) {
      asked.signal?.throwIfAborted();
      try {
        return await this.#send(asked);
      } catch (error) {
        if (asked.signal?.aborted) throw asked.signal.reason;
        const waitMs = attempt < this.#retries ? waitBeforeNext(asked, error, attempt) : undefined;
        if (waitMs === undefined || waitMs > this.#longestWaitMs) throw error;
        await pause(waitMs, asked.signal);
      }
    }
  }

  async #send(asked: Asked): Promise<unknown> {
    const { method, path, body, idempotencyKey, signal } = asked;
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
      // A broken connection, or an answer that broke off.
      throw new ConnectionError(!mayRepeat(asked), error);
    }
  }
}

function isJson({ headers }: Response): boolean {
  return /^application\/json\b/i.test(headers.get('content-type') ?? '');
}

/** Reading changes nothing; under an idempotency key the gateway knows a request again. */
function mayRepeat({ method, idempotencyKey }: Asked): boolean {
  return method === 'GET' || idempotencyKey !== undefined;
}

/** Undefined: it must not go again, or would be refused again. */
function waitBeforeNext(asked: Asked, error: unknown, attempt: number): number | undefined {
  const backoffMs = FIRST_PAUSE_MS * 2 ** attempt * (0.5 + Math.random() / 2);
  if (error instanceof ConnectionError) return mayRepeat(asked) ? backoffMs : undefined;
  if (!(error instanceof RefusedError)) return undefined;
  const { status, retryAfterMs, problem } = error;
  if (status === 503 || status === 429) {
    // What the gateway itself refuses for a while, it has not taken. Another's 503 says nothing of that, and neither
    // does `unavailable` with the remedy `operator`: a call may have been recorded just before Redis went away.
    const refusedForNow = problem !== undefined && (problem.remedy === 'retry' || problem.remedy === 'slow-down');
    if (retryAfterMs === undefined) return mayRepeat(asked) && status === 503 ? backoffMs : undefined;
    return refusedForNow || mayRepeat(asked) ? Math.max(retryAfterMs, backoffMs) : undefined;
  }
  return (status === 502 || status === 504) && mayRepeat(asked) ? backoffMs : undefined;
}
