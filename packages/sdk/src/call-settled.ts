import type { Call } from './generated/api.ts';

/** The body that is sent to a call's `callbackUrl` after the call is settled. Verify its signature before you trust it. */
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
