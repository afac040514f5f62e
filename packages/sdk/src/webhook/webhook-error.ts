import { WxThirdpartyError } from '../errors.ts';
import type { Remedy } from '../generated/api.ts';

/** What is wrong with a request that should be a signed delivery, or with the way in which it is read. */
export type WebhookProblem =
  | 'secret_missing'
  | 'secret_malformed'
  | 'header_missing'
  | 'header_malformed'
  | 'timestamp_too_old'
  | 'timestamp_too_new'
  | 'signature_mismatch'
  | 'raw_body_needed'
  | 'body_too_large'
  | 'body_unreadable';

interface Facts {
  readonly status: number;
  readonly remedy: Remedy;
}

const FACTS: Readonly<Record<WebhookProblem, Facts>> = {
  secret_missing: { status: 500, remedy: 'operator' },
  secret_malformed: { status: 500, remedy: 'operator' },
  header_missing: { status: 400, remedy: 'fix-request' },
  header_malformed: { status: 400, remedy: 'fix-request' },
  timestamp_too_old: { status: 400, remedy: 'operator' },
  timestamp_too_new: { status: 400, remedy: 'operator' },
  signature_mismatch: { status: 401, remedy: 'operator' },
  raw_body_needed: { status: 500, remedy: 'operator' },
  body_too_large: { status: 413, remedy: 'fix-request' },
  body_unreadable: { status: 400, remedy: 'fix-request' },
};

/** The request is not a delivery of the gateway, or this program reads it in a way that prevents its verification. */
export class WebhookError extends WxThirdpartyError {
  override readonly name = 'WebhookError';
  declare readonly code: WebhookProblem;
  /** The HTTP status with which the request is answered. */
  readonly status: number;

  constructor(code: WebhookProblem, message: string, cause?: unknown) {
    const { status, remedy } = FACTS[code];
    super(message, { code, remedy, cause });
    this.status = status;
  }
}
