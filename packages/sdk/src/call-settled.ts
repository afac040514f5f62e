import type { Call } from './generated/api.ts';
import { jsonOf } from './webhook/json-of.ts';
import { bytesOfBody, type RawBody, rawBodyNeeded } from './webhook/raw-body.ts';
import type { RequestHeaders } from './webhook/request-headers.ts';
import { keysOf, type Secrets } from './webhook/secrets.ts';
import { verifyWebhook } from './webhook/verify-webhook.ts';

/** The body that is sent to a call's `callbackUrl` after the call is settled. `readCallSettled` verifies it. */
export interface CallSettled {
  readonly type: 'call.settled';
  /** When the call was settled, ISO 8601. */
  readonly timestamp: string;
  readonly data: Omit<Call, 'quota' | 'response'> & {
    readonly response: Call['response'] | OmittedResponse;
  };
}

/** An answer that is too large for the callback: read it by the call's id. */
export interface OmittedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: null;
  readonly bodyOmitted: true;
  readonly bodyBytes: number;
}

/**
 * The body of a request to a call's `callbackUrl`, after its signature was verified with the secret that
 * `wxthirdparty callback-secret` prints. Throws WebhookError.
 */
export async function readCallSettled(
  headers: RequestHeaders,
  rawBody: RawBody,
  { secret }: { readonly secret: Secrets },
): Promise<CallSettled> {
  const body = bytesOfBody(rawBody);
  if (body === undefined) throw rawBodyNeeded();
  await verifyWebhook(keysOf(secret), headers, body);
  return jsonOf(body) as CallSettled;
}
