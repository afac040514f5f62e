import { WebhookError } from './webhook-error.ts';

/** The JSON of a verified body. Throws WebhookError `body_unreadable`. */
export function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new WebhookError(
      'body_unreadable',
      'the body is not JSON: the subscription of this URL must have the format "json"',
      cause,
    );
  }
}
