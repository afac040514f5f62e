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
  /** A call was settled by this process: once for each call, by the process whose outcome was stored first. */
  readonly call: CallEvent;
  /** A run of a call threw: a fault of our own, which the call may survive. */
  readonly 'call-fault': CallFaultEvent;
  /** A job tried to deliver a callback. */
  readonly callback: CallbackEvent;
  /** A push from WeChat was handled or journaled, or could not be. */
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
  /** A gateway answered a push. */
  readonly 'push-received': PushReceivedEvent;
  /** A reply to a user was given, or refused. */
  readonly reply: ReplyEvent;
  /** WeChat's release check of a component has ended, as far as this deployment can see. */
  readonly 'release-check': ReleaseCheckEvent;
  /** An authorization code was exchanged or refused. */
  readonly authorization: AuthorizationEvent;
  /** An account that authorized by a link with a handle got it, or another account has it. */
  readonly handle: HandleEvent;
  /** A job asked WeChat for the profile of an account. */
  readonly profile: ProfileEvent;
  /** A run of a reconciliation ended. */
  readonly reconciliation: ReconciliationEvent;
  /** A slice of a follower sync ended. */
  readonly sync: SyncEvent;
  /** A quota reached a level, was closed or was opened again; each once, in one of all processes. */
  readonly quota: QuotaLevelEvent | QuotaGateEvent;
  /** WeChat should be asked how much of a quota is used, or was asked. */
  readonly 'quota-lookup': QuotaLookupEvent;
  /** A component became ready, or stopped being ready; published in every process. */
  readonly readiness: ReadinessEvent;
  /** This process stopped using one of WeChat's API hosts, since it accepts no connections, or uses it again. */
  readonly host: HostEvent;
  /** Maintenance repaired something, or failed to. */
  readonly repair: RepairEvent;
  /** A request to WeChat ended, the component's own included. */
  readonly wechat: WeChatEvent;
  /** A request to this process was answered. */
  readonly http: HttpEvent;
  /** Redis stopped or started answering this process, or stopped or started being this deployment's. */
  readonly redis: RedisEvent;
  /** The database stopped or started answering this process. */
  readonly database: ReachabilityEvent;
  /** A queue's job could not be processed, or its worker has an error. */
  readonly job: JobEvent;
  /** An alarm opened, lasts or closed, by the report of this process; or this process could not send one. */
  readonly alarm: AlarmEvent;
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

/** `inline`: the process that received it sent it itself. `queued`: a caller waited while a worker sent it. */
export type CallKind = 'inline' | 'queued' | 'background';

export interface CallEvent extends Account {
  /** The call's id. */
  readonly call: string;
  /** As the caller named it. */
  readonly path: string;
  readonly kind: CallKind;
  /** `completed`, `cancelled`, or the code of its failure. */
  readonly outcome: string;
  readonly errcode?: number | undefined;
  readonly rid?: string | undefined;
  readonly attempts: number;
  /** From when it was accepted, or due, until the run that settled it sent it; without a departure, until it was settled. */
  readonly queueMs: number;
  /** Of the requests of that run. Undefined: it sent none. */
  readonly wechatMs?: number | undefined;
  /** From when it was accepted, or due, until it was settled. */
  readonly totalMs: number;
  /** The id of the caller's API key. Undefined: unknown, as of a call that this deployment made itself. */
  readonly key?: string | undefined;
  /** Redis has a record of it, or receives one: not so for a call of the virtual WeChat that did not fail. */
  readonly recorded: boolean;
  /** A caller that waits in this process has received the outcome: the line of its request has the same. */
  readonly hasCaller?: boolean | undefined;
  /** The outcome replaces an `outcome_unknown` that another process has published. */
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
  /** Undefined: it is a notice of our own. */
  readonly url: 'events' | 'messages' | undefined;
  readonly result: 'handled' | 'failed';
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
  /** Since it was accepted, perhaps by another host. */
  readonly lagMs: number;
}

export interface ReplyEvent {
  readonly component: string;
  /** The id of the push. */
  readonly push: string;
  /** `passive`: in the answer to WeChat. `late`: as a customer-service message. */
  readonly kind: 'passive' | 'late';
  /** `sent`, or why it is not sent. */
  readonly result: string;
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
  /** The receiver's answer was a reply: in time for WeChat, or too late for it. */
  readonly reply?: 'passive' | 'late' | undefined;
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
  readonly appid?: string | undefined;
  readonly url: 'events' | 'messages';
  readonly result: 'accepted' | 'duplicates' | 'unreadable' | 'tooOld' | 'refused' | 'unavailable';
  /** `status`: that WeChat is answered with. */
  readonly refusal?: { readonly status: number; readonly reason: string } | undefined;
  /** From the start of the request to its answer. */
  readonly ms: number;
}

export type AuthorizationEvent = { readonly component: string; readonly ms: number } & (
  | { readonly outcome: 'authorized'; readonly appid: string; readonly profile: string }
  | { readonly outcome: 'failed'; readonly code: string; readonly message: string; readonly errcode?: number }
);

export interface HandleEvent {
  readonly component: string;
  readonly appid: string;
  readonly outcome: 'given' | 'taken';
}

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

/** `closed`: WeChat refused, so nothing is sent until midnight in Beijing or until a probe succeeds. */
export interface QuotaGateEvent extends AccountPath {
  readonly level: 'closed' | 'reopened';
  /** Null where it is unknown, as `limit`. */
  readonly used: number | null;
  readonly limit: number | null;
}

export type QuotaLookupEvent = AccountPath &
  (
    | { readonly outcome: 'due'; readonly used: number; readonly limit: number | null }
    | { readonly outcome: 'learned' | 'unavailable' | 'closed' | 'error'; readonly ms: number }
  );

export interface ReadinessEvent {
  readonly component: string;
  readonly ready: boolean;
  /** Why not, as far as this process can read it. */
  readonly reasons: readonly string[];
}

export interface WeChatEvent {
  readonly component: string;
  /** Name and port of the host. */
  readonly host: string;
  readonly path: string;
  /** `reset`: there was no connection, or it broke. `unreadable`: neither JSON nor the bytes that were expected. */
  readonly result: 'ok' | 'errcode' | 'timeout' | 'reset' | 'http_5xx' | 'unreadable';
  /** Undefined if the answer states none. */
  readonly errcode?: number | undefined;
  readonly ms: number;
}

export interface HttpEvent {
  /** The pattern of the route, never the path; `none`: no route has it. */
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly ms: number;
  /** The id of the caller's API key. */
  readonly key?: string | undefined;
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
  /** This process has a connection again. `server`: `host:port`. */
  | { readonly what: 'reconnected'; readonly server: string; readonly ms: number }
  /** Another server is the primary, or a master, in place of a former one. `server`: the new one. */
  | { readonly what: 'failover'; readonly server: string }
  /** It was restored from an older state, so that settled calls would be sent again. `behindMs`: by how much it is behind SQL. */
  | { readonly what: 'outdated'; readonly behindMs: number }
  /** No replica has confirmed in time that it received this write, so a failover may lose it. */
  | { readonly what: 'wait_unacked'; readonly write: 'push' | 'call' | 'departure' };

export type JobEvent = { readonly queue: string } & (
  | ({ readonly what: 'failed'; readonly job: string | undefined; readonly attempts: number | undefined } & ErrorReport)
  /** Nothing here can process it; `foreign`: since Redis is another deployment's. */
  | { readonly what: 'unknown'; readonly job: string | undefined; readonly foreign: boolean }
  | ({ readonly what: 'error' } & ErrorReport)
  /** The process that had it stopped renewing its lock; another one takes it. */
  | { readonly what: 'stalled'; readonly job: string }
  /** The process shut down before its jobs ended; other workers take them over. */
  | { readonly what: 'shutdown-timeout' }
);

export type AlarmEvent =
  | {
      readonly what: 'opened' | 'repeated' | 'closed';
      readonly id: string;
      readonly rule: string;
      readonly severity: 'page' | 'warn';
      readonly component: string | null;
      readonly cause: string;
    }
  | {
      readonly what: 'unsent';
      /** Its id. */
      readonly channel: string;
      readonly host: string;
      /** Of HTTP; null: no answer. */
      readonly status: number | null;
      /** The beginning of the receiver's answer, or why there is none. */
      readonly answer: string;
      /** From 1. */
      readonly attempt: number;
      /** How many alarms are not sent again. */
      readonly lost: number;
    };

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
