import { jsonOf } from '../webhook/json-of.ts';
import { bytesOfBody, rawBodyNeeded } from '../webhook/raw-body.ts';
import { headerOf, type RequestHeaders } from '../webhook/request-headers.ts';
import type { HmacKey } from '../webhook/secrets.ts';
import { verifyWebhook } from '../webhook/verify-webhook.ts';
import { WebhookError } from '../webhook/webhook-error.ts';
import type { DeliveredPush, DeliveryContext } from './push.ts';

/** The push of a delivery whose signature holds. Throws WebhookError. */
export async function readPush(
  keys: readonly HmacKey[],
  headers: RequestHeaders,
  rawBody: unknown,
): Promise<DeliveredPush> {
  const body = bytesOfBody(rawBody);
  if (body === undefined) throw rawBodyNeeded();
  const id = await verifyWebhook(keys, headers, body);
  const content = jsonOf(body);
  if (!isContent(content)) {
    throw new WebhookError('body_unreadable', 'the body has no "type" and "data", so it is not a push of the gateway');
  }
  return { ...content, delivery: contextOf(id, headers) } as DeliveredPush;
}

function isContent(value: unknown): value is { readonly type: string; readonly data: object } {
  if (typeof value !== 'object' || value === null) return false;
  const { type, data } = value as { type?: unknown; data?: unknown };
  return typeof type === 'string' && typeof data === 'object' && data !== null;
}

function contextOf(id: string, headers: RequestHeaders): DeliveryContext {
  const attempt = Number(headerOf(headers, 'wx-attempt') ?? 1);
  const within = headerOf(headers, 'wx-reply-within-ms');
  const before = headerOf(headers, 'wx-reply-before');
  return {
    id,
    attempt: Number.isSafeInteger(attempt) ? attempt : 1,
    replyWithinMs: within === undefined ? undefined : Number(within),
    replyBefore: before === undefined ? undefined : new Date(before),
    replay: headerOf(headers, 'wx-replay'),
    test: headerOf(headers, 'wx-test') === 'true',
  };
}
