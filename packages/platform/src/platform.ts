import type { Authorizer, AuthorizerState } from './authorizer/authorizer.ts';
import type { Call, CallRequest } from './call/call.ts';

export interface ComponentSettings {
  readonly appid: string;
  readonly appsecret: string;
  readonly token: string;
  readonly encodingAesKey: string;
  readonly previousToken?: string | undefined;
  readonly previousEncodingAesKey?: string | undefined;
}

export interface Platform {
  readonly pushes: {
    /**
     * Verifies, opens and enqueues one push; the caller answers `success` when this returns.
     * Throws Failure `unknown_component`, or EnvelopeFailure for a push that is not WeChat's.
     */
    accept(push: {
      readonly component: string;
      readonly url: 'events' | 'messages';
      /** The appid in the message URL. */
      readonly appid?: string | undefined;
      readonly query: Record<string, unknown>;
      readonly body: Buffer;
    }): Promise<void>;
    /** The GET that proves the URL ours (dossier §1.6): what to answer, or undefined for a wrong signature. */
    echo(component: string, query: Record<string, unknown>): string | undefined;
  };
  readonly calls: {
    /**
     * Records the call and wakes a worker. Checks account, readiness and quota, in this order.
     * Throws Failure: invalid_request, unknown_component, unknown_authorizer, ambiguous_component, reauthorize,
     * not_ready, quota_closed, overloaded, too_large.
     */
    submit(request: CallRequest): Promise<{ readonly id: string }>;
    /** The settled call, or undefined when `waitMs` passed first. A record that vanished settles as `call_lost`. */
    settled(id: string, waitMs: number, signal?: AbortSignal): Promise<Call | undefined>;
    find(id: string): Promise<Call | undefined>;
    /** True when the call had not departed yet; it never will. */
    cancel(id: string): Promise<boolean>;
  };
  readonly authorizers: {
    /** Throws Failure: unknown_authorizer (not_ready while its component is not), ambiguous_component, unknown_component. */
    find(appid: string, component?: string): Promise<Authorizer>;
    list(page: {
      readonly state?: AuthorizerState | undefined;
      readonly limit: number;
      /** As a former answer's `next`; Failure `invalid_request` for anything else. */
      readonly cursor?: string | undefined;
    }): Promise<{ readonly items: readonly Authorizer[]; readonly next: string | null }>;
  };
  status(): Promise<PlatformStatus>;
  /** For Bull Board: every queue with a title and a sentence. */
  readonly queues: readonly { readonly queue: import('bullmq').Queue; readonly description: string }[];
  health(): Promise<{ readonly redis: boolean; readonly database: boolean }>;
  close(): Promise<void>;
}

export type NotReadyReason = 'no_ticket' | 'ticket_expired' | 'component_token_failing';

export interface ComponentStatus {
  readonly appid: string;
  readonly ready: boolean;
  readonly reasons: readonly NotReadyReason[];
  readonly lastPushAt: Date | null;
  readonly ticket: { readonly receivedAt: Date; readonly expiresAt: Date } | null;
  readonly token: {
    readonly version: number;
    readonly expiresAt: Date | null;
    readonly failure: {
      readonly code: string;
      readonly remedy: string;
      readonly message: string;
      readonly errcode: number | null;
      readonly at: Date;
    } | null;
  } | null;
}

export interface PlatformStatus {
  readonly ready: boolean;
  readonly components: readonly ComponentStatus[];
}
