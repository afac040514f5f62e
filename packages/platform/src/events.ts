import type { Failure } from '@wxthirdparty/wechat';

/** What a failure is reported by: its own words, never what it carries along. */
export interface FailureReport {
  readonly code: string;
  readonly remedy: string;
  readonly message: string;
  readonly errcode?: number | undefined;
  readonly rid?: string | undefined;
}

/** An error that need not be a Failure; `code`: its own, if it has one. */
export interface ErrorReport {
  readonly code?: string | undefined;
  readonly message: string;
}

/**
 * Everything that the platform and the workers publish, by the name of the event. A payload holds ids, kinds, numbers and
 * messages; never a token, a secret, an openid or a body. Times that end in `Ms` are milliseconds.
 */
export interface EventPayloads {
  /** This process refreshed a token, or tried to, for a job or for another refresh. */
  readonly refresh: RefreshEvent;
  /** A call was settled by this process. */
  readonly call: CallEvent;
  /** A run of a call threw: a fault of our own, which the call may survive. */
  readonly 'call-fault': CallFaultEvent;
  /** A job tried to deliver a callback. */
  readonly callback: CallbackEvent;
  /** A push from WeChat was handled. */
  readonly push: PushEvent;
  /** Something that an operator must know happened to a subscription. */
  readonly subscription: SubscriptionEvent;
  /** A delivery was tried, or turned out to be impossible. */
  readonly delivery: DeliveryEvent;
  /** Answers of receivers that were asked while WeChat waited could not be stored for a long time. */
  readonly 'outcomes-lost': { readonly count: number };
  /** How calls that had no record ended could not be stored; their callers have the outcome. */
  readonly 'calls-unrecorded': { readonly count: number; readonly message: string };
  /** This process journaled what was in the stream of pushes, or could not. */
  readonly journal: JournalEvent;
  /** A gateway accepted or refused a push. */
  readonly 'push-received': PushReceivedEvent;
  /** WeChat's release check of a component has ended, as far as this deployment can see. */
  readonly 'release-check': ReleaseCheckEvent;
  /** An authorization code was exchanged or refused. */
  readonly authorization: AuthorizationEvent;
  /** A job asked WeChat for the profile of an account. */
  readonly profile: ProfileEvent;
  /** A run of a reconciliation ended. */
  readonly reconciliation: ReconciliationEvent;
  /** A slice of a follower sync ended. */
  readonly sync: SyncEvent;
  /** Four fifths or all of a quota is used; once for each pair and day, in one of all processes. */
  readonly quota: QuotaLevelEvent;
  /** WeChat should be asked how much of a quota is used, or was asked. */
  readonly 'quota-lookup': QuotaLookupEvent;
  /** A component became ready, or stopped being ready; published in every process. */
  readonly readiness: ReadinessEvent;
  /** This process stopped using one of WeChat's API hosts, since it accepts no connections, or uses it again. */
  readonly host: HostEvent;
  /** Maintenance repaired something, or failed to. */
  readonly repair: RepairEvent;
  /** Redis stopped or started answering this process, or stopped or started being this deployment's. */
  readonly redis: RedisEvent;
  /** The database stopped or started answering this process. */
  readonly database: ReachabilityEvent;
  /** A queue's job could not be processed, or its worker has an error. */
  readonly job: JobEvent;
  /** A listener threw. */
  readonly 'listener-error': ListenerErrorEvent;
}

export type EventName = keyof EventPayloads;

interface Account {
  readonly component: string;
  readonly appid: string;
}

export type RefreshEvent = Account & { readonly kind: string; readonly ms: number } & (
    | { readonly outcome: 'stored' | 'superseded'; readonly version: number }
    | { readonly outcome: 'failed'; readonly failure: FailureReport }
    | {
        readonly outcome: 'not-here';
        readonly failure: FailureReport;
        /** This process could ask WeChat until now. */
        readonly isNews: boolean;
        readonly retryInMs: number;
      }
    | { readonly outcome: 'fresh' | 'held' | 'backing-off' | 'aborted' }
  );

export interface CallEvent {
  /** The call's id. */
  readonly call: string;
  readonly outcome: string;
  readonly errcode?: number | undefined;
  readonly attempts: number;
  readonly ms: number;
  /** A caller that waits in this process has received the outcome: the line of its request has the same. */
  readonly hasCaller?: boolean | undefined;
  /** Another outcome had been stored, and perhaps reported, before. */
  readonly corrected?: boolean | undefined;
}

export interface CallFaultEvent {
  readonly call: string;
  readonly message: string;
  readonly stack: string | undefined;
}

export type CallbackEvent = {
  /** The call's id. */
  readonly call: string;
  /** This one included; a postponed delivery is none. */
  readonly tries: number;
  readonly ms: number;
} & (
  | { readonly outcome: 'delivered' | 'refused'; readonly status: number }
  | { readonly outcome: 'gone' | 'aborted' }
  | { readonly outcome: 'postponed'; readonly afterMs: number }
);

export interface PushEvent {
  readonly component: string;
  readonly appid?: string | undefined;
  /** Its id in the journal; undefined: it is not journaled. */
  readonly id?: string | undefined;
  /** The id of the job that handled it; undefined: it was journaled without a job. */
  readonly job: string | undefined;
  /** The type: an `InfoType`, a `MsgType`, or `event:` and the event's name. */
  readonly push: string;
  readonly outcome: string;
  /** ISO 8601. */
  readonly receivedAt: string;
  readonly ms: number;
}

export type SubscriptionEvent = { readonly subscription: string } & (
  | {
      /** No listed key opens its row, so this process sends nothing to it. */
      readonly what: 'unsealable';
      readonly failure: FailureReport;
    }
  /** Its receiver fails, so that one delivery at a time is tried; or it answers again. */
  | { readonly what: 'failing' | 'active' }
  /** Deliveries were still pending when their pushes had to be removed. */
  | { readonly what: 'expired'; readonly count: number }
  | {
      /** By itself. */
      readonly what: 'paused';
      readonly reason: 'gone' | 'failing_too_long';
      /** ISO 8601. */
      readonly failingSince: string | null;
    }
);

export interface DeliveryEvent {
  readonly subscription: string;
  readonly component: string;
  /** The id of the push. */
  readonly push: string;
  /** `failed`: it is sent again. */
  readonly result: 'delivered' | 'failed' | 'dead';
  readonly status: number | null;
  /** Null: it was answered 2xx. */
  readonly code: string | null;
  /** Of the attempt; null: nothing could be sent. */
  readonly ms: number | null;
  /** Since the push was accepted. */
  readonly lagMs: number;
  /** From 1. */
  readonly attempt: number;
}

export type JournalEvent =
  | { readonly what: 'batch'; readonly entries: number; readonly ms: number }
  /** What was not stored remains in the stream. */
  | ({ readonly what: 'failed' } & ErrorReport)
  /** A batch did not end; another process takes over. */
  | { readonly what: 'timed-out'; readonly timeoutMs: number }
  /** A newer version wrote the entry; a process of that version takes over. `entry`: its id in the stream. */
  | { readonly what: 'unknown'; readonly entry: string }
  /** The entry cannot be journaled, and is put aside. */
  | ({ readonly what: 'bad'; readonly entry: string } & ErrorReport);

export interface PushReceivedEvent {
  readonly component: string;
  readonly url: 'events' | 'messages';
  readonly result: 'accepted' | 'duplicates' | 'unreadable' | 'tooOld' | 'refused' | 'unavailable';
  /** `status`: that WeChat is answered with. */
  readonly refusal?: { readonly status: number; readonly reason: string } | undefined;
}

export type AuthorizationEvent = { readonly component: string; readonly ms: number } & (
  | { readonly outcome: 'authorized'; readonly appid: string; readonly profile: string }
  | { readonly outcome: 'failed'; readonly code: string; readonly message: string; readonly errcode?: number }
);

export interface ReleaseCheckEvent {
  /** The check's id. */
  readonly check: string;
  readonly component: string;
  /** The test account. */
  readonly appid: string | null;
  readonly kind: string;
  readonly state: string;
  /** The failed steps, each with its code. */
  readonly failed: readonly string[];
}

export interface ProfileEvent extends Account {
  readonly outcome: string;
}

export interface ReconciliationEvent {
  readonly reconciliation: string;
  /** What becomes of its job; undefined: it is finished. */
  readonly next: { readonly delayMs: number } | { readonly requeue: true } | undefined;
  readonly ms: number;
}

export interface SyncEvent {
  readonly sync: string;
  readonly outcome: string;
  readonly appid?: string;
  readonly phase?: string;
  readonly listed?: number;
  readonly detailed?: number;
  readonly code?: string;
  readonly ms: number;
}

interface AccountPath extends Account {
  readonly path: string;
}

export interface QuotaLevelEvent extends AccountPath {
  readonly level: 'warning' | 'exhausted';
  readonly used: number;
  readonly limit: number | null;
  /** ISO 8601. */
  readonly at: string;
}

export type QuotaLookupEvent = AccountPath &
  (
    | { readonly outcome: 'due'; readonly used: number; readonly limit: number | null }
    | { readonly outcome: 'learned' | 'unavailable' | 'closed' | 'error'; readonly ms: number }
  );

export interface ReadinessEvent {
  readonly component: string;
  readonly ready: boolean;
}

export interface HostEvent {
  /** Name and port. */
  readonly host: string;
  readonly reachable: boolean;
  /** Why the last connection failed. */
  readonly reason?: string;
}

export interface RepairEvent {
  /** Undefined: it concerns all of them. */
  readonly component: string | undefined;
  /** What was repaired, or, with a failure, the part that failed and `_failed`. */
  readonly did: string;
  readonly failure?: ErrorReport;
}

export type ReachabilityEvent =
  | { readonly what: 'unreachable' }
  | { readonly what: 'reachable'; readonly outageMs: number };

/** `foreign`: Redis is another deployment's; intake stops and no job is taken until it is `own` again. */
export type RedisEvent =
  | ReachabilityEvent
  | { readonly what: 'foreign'; readonly failure: FailureReport }
  | { readonly what: 'own' }
  /** Masters of a Cluster do not answer, while others do; then all do again. */
  | { readonly what: 'incomplete'; readonly missing: readonly string[] }
  | { readonly what: 'complete' }
  /** It was restored from an older state, so that settled calls would be sent again. `behindMs`: by how much it is behind SQL. */
  | { readonly what: 'outdated'; readonly behindMs: number }
  /** No replica has confirmed in time that it received this write, so a failover may lose it. */
  | { readonly what: 'wait_unacked'; readonly write: 'push' | 'call' | 'departure' };

export type JobEvent = { readonly queue: string } & (
  | ({ readonly what: 'failed'; readonly job: string | undefined; readonly attempts: number | undefined } & ErrorReport)
  /** Nothing here can process it; `foreign`: since Redis is another deployment's. */
  | { readonly what: 'unknown'; readonly job: string | undefined; readonly foreign: boolean }
  | ({ readonly what: 'error' } & ErrorReport)
  /** The process shut down before its jobs ended; other workers take them over. */
  | { readonly what: 'shutdown-timeout' }
);

export interface ListenerErrorEvent extends ErrorReport {
  readonly event: EventName;
}

type Listener<Name extends EventName> = (payload: EventPayloads[Name]) => void;

/**
 * The one emitter of a process. Listeners are called synchronously, in the order of their subscriptions. One that throws
 * harms neither the publisher nor the others: its error is published as `listener-error`.
 */
export class Events {
  readonly #listeners: { [Name in EventName]?: readonly Listener<Name>[] } = {};

  publish<Name extends EventName>(name: Name, payload: EventPayloads[Name]): void {
    const listeners: readonly Listener<Name>[] | undefined = this.#listeners[name];
    if (listeners === undefined) return;
    for (const listener of listeners) {
      try {
        listener(payload);
      } catch (error) {
        // A listener of `listener-error` that throws is not reported to itself.
        if (name !== 'listener-error') this.publish('listener-error', { event: name, ...errorReport(error) });
      }
    }
  }

  /** Returns what ends the subscription. The list is copied, so that a listener may subscribe and unsubscribe. */
  subscribe<Name extends EventName>(name: Name, listener: Listener<Name>): () => void {
    const own: Listener<Name> = (payload) => listener(payload);
    this.#set(name, [...(this.#listeners[name] ?? []), own]);
    return () => {
      this.#set(name, this.#listeners[name]?.filter((one) => one !== own) ?? []);
    };
  }

  #set<Name extends EventName>(name: Name, listeners: readonly Listener<Name>[]): void {
    const all: { [N in Name]?: readonly Listener<N>[] | undefined } = this.#listeners;
    all[name] = listeners.length === 0 ? undefined : listeners;
  }
}

export function failureReport({ code, remedy, message, errcode, rid }: Failure): FailureReport {
  return { code, remedy, message, errcode, rid };
}

export function errorReport(error: unknown): ErrorReport {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? { code, message: error.message } : { message: error.message };
}
