import type { Explanation, Remedy } from '@wxthirdparty/sdk';

interface Details {
  readonly status: number;
  readonly code: string;
  readonly remedy: Remedy;
  readonly detail: string;
  readonly requestId: string | undefined;
  readonly explanation?: Explanation | undefined;
  readonly missing?: unknown;
}

/** A request that failed, with what the gateway says about it. */
export class ApiError extends Error {
  override name = 'ApiError';
  /** 0: there was no answer. */
  readonly status: number;
  readonly code: string;
  readonly remedy: Remedy;
  readonly requestId: string | undefined;
  readonly explanation: Explanation | undefined;
  readonly missing: unknown;

  constructor(details: Details) {
    super(details.detail);
    this.status = details.status;
    this.code = details.code;
    this.remedy = details.remedy;
    this.requestId = details.requestId;
    this.explanation = details.explanation;
    this.missing = details.missing;
  }
}

/** Whatever was thrown, as an error of the API. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new ApiError({ status: 0, code: 'internal', remedy: 'operator', detail, requestId: undefined });
}
