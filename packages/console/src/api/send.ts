import type { Problem } from '@wxthirdparty/sdk';
import { ApiError } from './api-error.ts';
import { noteServerTime } from './server-clock.ts';

/** A server that accepts connections and never answers must not leave a page without a word. */
const TIMEOUT_MS = 30_000;

type Listener = () => void;
let onSignedOut: Listener = () => {};

/** Called when an answer says that the session has ended. */
export function whenSignedOut(listener: Listener): void {
  onSignedOut = listener;
}

/** Sends one request with the session's cookie. Throws ApiError. */
export async function send(method: string, url: string, body?: unknown, signal?: AbortSignal): Promise<unknown> {
  const response = await answerTo(method, url, body, signal);
  noteServerTime(response.headers.get('date'));
  const requestId = response.headers.get('x-request-id') ?? undefined;
  if (response.ok) {
    if (response.status === 204) return undefined;
    return await response.json().catch((cause: unknown) => {
      throw unreadable(response.status, requestId, cause);
    });
  }
  // A session that does not exist is what sign-in asks about.
  if (response.status === 401 && url.startsWith('/v1/')) onSignedOut();
  const problem = (await response.json().catch(() => undefined)) as Problem | undefined;
  if (typeof problem?.code !== 'string') throw unreadable(response.status, requestId);
  const { status, code, remedy, detail, explanation, missing } = problem;
  throw new ApiError({ status, code, remedy, detail, requestId, explanation, missing });
}

async function answerTo(method: string, url: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await fetch(url, {
      method,
      // Forms of other origins cannot set it (CSRF).
      headers: {
        'x-wx-console': '1',
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError({
      status: 0,
      code: 'connection_failed',
      remedy: 'retry',
      detail: 'The gateway does not answer.',
      requestId: undefined,
    });
  }
}

/** What is between the browser and the gateway has answered, for example a proxy. */
function unreadable(status: number, requestId: string | undefined, _cause?: unknown): ApiError {
  return new ApiError({
    status,
    code: 'unreadable_answer',
    remedy: status >= 500 ? 'retry' : 'operator',
    detail: `The answer with status ${status} is not JSON.`,
    requestId,
  });
}
