import { Failure, isReservedTokenParameter, issuesCredentials, pathFault } from '@wxthirdparty/wechat';
import type { CallRequest } from './call.ts';

const MAX_BODY_BYTES = 20 * 1024 * 1024;
const METHODS = new Set(['GET', 'POST']);

/** Servers refuse longer addresses. */
const MAX_QUERY_LENGTH = 16 * 1024;
const MAX_KEY_LENGTH = 255;
export const MAX_ORDER_KEY_LENGTH = 64;
const MAX_URL_LENGTH = 2_048;
const MAX_AHEAD_MS = 7 * 24 * 60 * 60_000;

/** Throws Failure `invalid_request` or `too_large`; the message contains what to change. */
export function checkRequest(request: CallRequest): void {
  const { method, path, query, body } = request;
  if (!METHODS.has(method)) throw invalid('method must be GET or POST.');
  const fault = pathFault(path);
  if (fault !== undefined) throw invalid(`${fault}.`);
  if (query.reduce((length, [name, value]) => length + name.length + value.length + 2, 0) > MAX_QUERY_LENGTH) {
    throw invalid(`query may have at most ${MAX_QUERY_LENGTH} characters; send longer values in a body.`);
  }
  const token = query.find(([name]) => isReservedTokenParameter(name, method, path));
  if (token) throw invalid(`query must not contain ${token[0]}: the platform adds the account's token.`);
  if (issuesCredentials(path)) {
    throw invalid(`${path} issues a credential, which only the platform keeps.`);
  }
  if (body && body.length > MAX_BODY_BYTES) {
    throw new Failure('too_large', 'fix-request', 'A request body may have at most 20 MB.');
  }
  checkTimes(request);
  checkOrderKey(request);
  if (request.durable && request.waitMs > 0) throw invalid('durable is for background calls: waitMs must be 0.');
  const { idempotencyKey, callbackUrl } = request;
  if (idempotencyKey !== undefined && (idempotencyKey === '' || idempotencyKey.length > MAX_KEY_LENGTH)) {
    throw invalid(`an idempotency key has 1 to ${MAX_KEY_LENGTH} characters.`);
  }
  if (callbackUrl !== undefined) checkCallbackUrl(callbackUrl);
}

function checkTimes({ deadlineAt, notBeforeAt, waitMs }: CallRequest): void {
  const now = Date.now();
  for (const [name, at] of Object.entries({ deadlineAt, notBeforeAt })) {
    if (at === undefined) continue;
    if (Number.isNaN(at.getTime())) throw invalid(`${name} must be a time in ISO 8601.`);
    if (at.getTime() > now + MAX_AHEAD_MS) throw invalid(`${name} may be at most seven days ahead.`);
  }
  if (deadlineAt && deadlineAt.getTime() <= now) throw invalid('deadlineAt has passed already.');
  if (!notBeforeAt) return;
  if (waitMs > 0) throw invalid('notBeforeAt is for background calls: waitMs must be 0.');
  if (deadlineAt && deadlineAt <= notBeforeAt) throw invalid('deadlineAt must be later than notBeforeAt.');
}

function checkOrderKey({ orderKey, waitMs }: CallRequest): void {
  if (orderKey === undefined) return;
  if (orderKey === '' || orderKey.length > MAX_ORDER_KEY_LENGTH) {
    throw invalid(`orderKey must have 1 to ${MAX_ORDER_KEY_LENGTH} characters.`);
  }
  if (waitMs > 0) throw invalid('orderKey is for background calls: waitMs must be 0.');
}

/** Which addresses it may reach is a matter of the outbound sender. */
function checkCallbackUrl(text: string): void {
  const url = text.length <= MAX_URL_LENGTH ? URL.parse(text) : null;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw invalid(`callbackUrl must be an http or https address of at most ${MAX_URL_LENGTH} characters.`);
  }
  if (url.username !== '' || url.password !== '') throw invalid('callbackUrl must contain no user and no password.');
}

function invalid(message: string): Failure {
  return new Failure('invalid_request', 'fix-request', message);
}
