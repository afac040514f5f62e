// Made by `npm run generate`. Do not edit.

export type CallRequest = {
  readonly method: 'GET' | 'POST';
  /** any path of WeChat’s API, without host and query */
  readonly path: string;
  /** without tokens: the platform adds them; at most 16 KB */
  readonly query?: { readonly [name: string]: string | number | boolean | ReadonlyArray<string | number | boolean> } | undefined;
  /** any JSON of at most 512 levels, sent unchanged; null: no body */
  readonly body?: unknown;
  /** the call is not sent after this time: `deadline_passed` */
  readonly deadlineAt?: string | undefined;
  /** the call is not sent before this time; it waits in the background */
  readonly notBeforeAt?: string | undefined;
  /** calls of the account with the same one are sent one after the other, in their order; only for background calls */
  readonly orderKey?: string | undefined;
  /** it is sent only once a replica of Redis knows that it departs, so that a failover hardly ever sends it twice; only for background calls */
  readonly durable?: boolean | undefined;
  /** the address to which the outcome is reported, by the Standard Webhooks scheme */
  readonly callbackUrl?: string | undefined;
  /** 0: a background call; default 30000, 0 with `notBeforeAt`, `orderKey` or `durable` */
  readonly waitMs?: number | undefined;
};

export type BatchedCall = {
  readonly method: 'GET' | 'POST';
  /** any path of WeChat’s API, without host and query */
  readonly path: string;
  /** without tokens: the platform adds them; at most 16 KB */
  readonly query?: { readonly [name: string]: string | number | boolean | ReadonlyArray<string | number | boolean> } | undefined;
  /** any JSON of at most 512 levels, sent unchanged; null: no body */
  readonly body?: unknown;
  /** the call is not sent after this time: `deadline_passed` */
  readonly deadlineAt?: string | undefined;
  /** the call is not sent before this time; it waits in the background */
  readonly notBeforeAt?: string | undefined;
  /** calls of the account with the same one are sent one after the other, in their order; only for background calls */
  readonly orderKey?: string | undefined;
  /** it is sent only once a replica of Redis knows that it departs, so that a failover hardly ever sends it twice; only for background calls */
  readonly durable?: boolean | undefined;
  /** the address to which the outcome is reported, by the Standard Webhooks scheme */
  readonly callbackUrl?: string | undefined;
  /** the account */
  readonly appid: string;
  /** required if the account authorized several; a component’s own calls have its appid in both fields */
  readonly component?: string | undefined;
};

export type DoctorInput = {
  /** the checks to run; all if missing */
  readonly only?: ReadonlyArray<'settings' | 'secrets-key' | 'data-dir' | 'redis' | 'redis-settings' | 'redis-memory' | 'redis-age' | 'clocks' | 'database' | 'component' | 'ticket' | 'component-token' | 'egress' | 'public-url' | 'push-url' | 'queues' | 'versions' | 'second-system'> | undefined;
};

export type RehearsalInput = Record<string, never>;

export type SubscriptionInput = {
  readonly name: string;
  /** path and query may contain `$APPID$`, which the account’s appid replaces */
  readonly url: string;
  readonly format?: 'json' | 'wechat' | 'wechat-component' | undefined;
  /** only in the format `wechat-component`: for messages and events */
  readonly messageUrl?: string | null | undefined;
  /** only in the format `wechat` */
  readonly mode?: 'safe' | 'plain' | null | undefined;
  /** only in the format `wechat-component` */
  readonly component?: string | null | undefined;
  /** only in the formats of WeChat; null: we make it */
  readonly token?: string | null | undefined;
  /** only in the formats of WeChat; null: we make it */
  readonly encodingAesKey?: string | null | undefined;
  readonly filter?: SubscriptionFilter | undefined;
  /** null: answers are no replies */
  readonly reply?: ReplyTerms | null | undefined;
  readonly maxInFlight?: number | undefined;
  readonly timeoutMs?: number | undefined;
  /** at most the retention; null: the smaller of 3 days and the retention */
  readonly giveUpAfterMs?: number | null | undefined;
};

/** Which pushes are delivered. All given parts must hold. */
export type SubscriptionFilter = {
  /** exact, or a prefix with `*` at its end; `unreadable` must be named */
  readonly types?: ReadonlyArray<string> | undefined;
  readonly accounts?: ReadonlyArray<string> | undefined;
  readonly handles?: ReadonlyArray<string> | undefined;
  readonly components?: ReadonlyArray<string> | undefined;
  readonly openids?: ReadonlyArray<string> | undefined;
  /** top-level text fields: equal, one of, or with a prefix; case-sensitive */
  readonly where?: { readonly [name: string]: string | ReadonlyArray<string> | {
    readonly prefix: string;
  } } | undefined;
};

export type ReplyTerms = {
  /** how long WeChat waits for a passive reply */
  readonly waitMs?: number | undefined;
  /** how a later reply is sent; null: it is not */
  readonly late?: 'customer_message' | null | undefined;
  /** open requests for each gateway */
  readonly maxInFlight?: number | undefined;
  /** the passive reply to a message if none came */
  readonly fallback?: Reply | null | undefined;
};

export type Reply = {
  readonly type: 'text';
  readonly content: string;
} | {
  readonly type: 'image';
  readonly mediaId: string;
} | {
  readonly type: 'voice';
  readonly mediaId: string;
} | {
  readonly type: 'video';
  readonly mediaId: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
} | {
  readonly type: 'music';
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly musicUrl?: string | undefined;
  readonly hqMusicUrl?: string | undefined;
  readonly thumbMediaId: string;
} | {
  readonly type: 'news';
  /** one after a message, at most 8 after an event */
  readonly articles: ReadonlyArray<{
    readonly title: string;
    readonly description?: string | undefined;
    readonly picUrl?: string | undefined;
    readonly url?: string | undefined;
  }>;
} | {
  readonly type: 'transfer';
  readonly account?: string | null | undefined;
};

export type SubscriptionChange = {
  readonly name?: string | undefined;
  /** path and query may contain `$APPID$`, which the account’s appid replaces */
  readonly url?: string | undefined;
  /** only in the format `wechat-component`: for messages and events */
  readonly messageUrl?: string | null | undefined;
  /** only in the format `wechat` */
  readonly mode?: 'safe' | 'plain' | null | undefined;
  readonly filter?: SubscriptionFilter | undefined;
  /** null: answers are no replies */
  readonly reply?: ReplyTerms | null | undefined;
  readonly maxInFlight?: number | undefined;
  readonly timeoutMs?: number | undefined;
  /** at most the retention; null: the smaller of 3 days and the retention */
  readonly giveUpAfterMs?: number | null | undefined;
};

export type ReplayInput = {
  /** by the time of acceptance */
  readonly since: string;
  /** null: now */
  readonly until?: string | null | undefined;
  /** `missing`: only what has not been delivered; dead deliveries included */
  readonly only?: 'missing' | 'all' | undefined;
};

export type Call = {
  readonly id: string;
  /** `completed`: WeChat answered, whatever its errcode */
  readonly state: 'queued' | 'running' | 'delayed' | 'completed' | 'failed' | 'cancelled';
  /** departures so far */
  readonly attempts: number;
  readonly createdAt: string;
  readonly settledAt: string | null;
  /** the call is not sent before this time */
  readonly notBeforeAt: string | null;
  readonly component?: string | undefined;
  readonly appid?: string | undefined;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  /** the size of its body */
  readonly requestBytes?: number | undefined;
  /** the call is not sent after this time */
  readonly deadlineAt?: string | undefined;
  /** WeChat’s answer without its content, if that is the outcome */
  readonly answered: {
    readonly status: number;
    readonly errcode: number | null;
    readonly rid: string | null;
    /** the size of its body */
    readonly bytes: number | null;
  } | null;
  readonly failure: {
    readonly code: string;
    readonly remedy: Remedy;
    readonly message: string;
    readonly errcode: number | null;
    readonly rid: string | null;
    readonly explanation: Explanation;
  } | null;
  /** of the account; null: unknown, or a component’s call */
  readonly handle?: string | null | undefined;
  readonly response: {
    readonly status: number;
    readonly headers: { readonly [name: string]: string };
    /** JSON, with integers beyond 2^53 as strings; a text; or `{"base64","contentType"}` of a file */
    readonly body: unknown;
  } | null;
  /** WeChat answered, but its answer is not kept: its caller received it, or newer ones of the account needed the space */
  readonly responseKept?: false | undefined;
  /** of the errcode, if WeChat refused */
  readonly explanation: Explanation | null;
  readonly quota: {
    readonly used: number;
    readonly limit: number | null;
    readonly remaining: number | null;
    readonly closedUntil: string | null;
  } | null;
};

export type Remedy = 'retry' | 'slow-down' | 'refresh-token' | 'reauthorize' | 'fix-request' | 'operator';

export type Explanation = {
  readonly zh: string;
  readonly en: string;
};

export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** stable; decide by it, or by `remedy` */
  readonly code: string;
  readonly remedy: Remedy;
  /** seconds; also the header */
  readonly retryAfter?: number | undefined;
  /** WeChat’s error number, if WeChat refused */
  readonly errcode?: number | undefined;
  /** WeChat’s id of the request */
  readonly rid?: string | undefined;
  /** of the errcode */
  readonly explanation?: Explanation | undefined;
  /** of `not_ready` */
  readonly reasons?: ReadonlyArray<string> | undefined;
  /** of `reply_not_possible` */
  readonly reason?: string | undefined;
  /** of `forbidden`: the permission that the key lacks */
  readonly missing?: {
    readonly scope: string;
  } | {
    readonly account: string;
  } | {
    readonly path: string;
  } | {
    readonly restriction: 'accounts' | 'paths';
  } | undefined;
  /** of `address_not_allowed` */
  readonly address?: string | undefined;
  /** of `address_not_allowed`: what the operator can change */
  readonly setting?: string | undefined;
  /** of `quota_closed` */
  readonly closedUntil?: string | undefined;
  /** where the merchant can authorize again */
  readonly authorizationUrl?: string | undefined;
};

export type CallDetail = {
  readonly id: string;
  /** `completed`: WeChat answered, whatever its errcode */
  readonly state: 'queued' | 'running' | 'delayed' | 'completed' | 'failed' | 'cancelled';
  /** departures so far */
  readonly attempts: number;
  readonly createdAt: string;
  readonly settledAt: string | null;
  /** the call is not sent before this time */
  readonly notBeforeAt: string | null;
  readonly component?: string | undefined;
  readonly appid?: string | undefined;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  /** the size of its body */
  readonly requestBytes?: number | undefined;
  /** the call is not sent after this time */
  readonly deadlineAt?: string | undefined;
  /** WeChat’s answer without its content, if that is the outcome */
  readonly answered: {
    readonly status: number;
    readonly errcode: number | null;
    readonly rid: string | null;
    /** the size of its body */
    readonly bytes: number | null;
  } | null;
  readonly failure: {
    readonly code: string;
    readonly remedy: Remedy;
    readonly message: string;
    readonly errcode: number | null;
    readonly rid: string | null;
    readonly explanation: Explanation;
  } | null;
  /** of the account; null: unknown, or a component’s call */
  readonly handle: string | null;
  readonly response: {
    readonly status: number;
    readonly headers: { readonly [name: string]: string };
    /** JSON, with integers beyond 2^53 as strings; a text; or `{"base64","contentType"}` of a file */
    readonly body: unknown;
  } | null;
  /** WeChat answered, but its answer is not kept: its caller received it, or newer ones of the account needed the space */
  readonly responseKept?: false | undefined;
  /** of the errcode, or of the failure */
  readonly explanation: {
    readonly zh: string;
    readonly en: string;
    /** WeChat’s page of its errcodes */
    readonly link: string | null;
  } | null;
  readonly quota: {
    readonly used: number;
    readonly limit: number | null;
    readonly remaining: number | null;
    readonly closedUntil: string | null;
  } | null;
  /** of the account; null: unknown, or the key lacks the scope `authorizers:read` */
  readonly nickName: string | null;
  /** with which it was requested; null: unknown, or a call of the platform itself */
  readonly key: {
    readonly id: string;
    readonly name: string | null;
  } | null;
  /** WeChat’s id of the request */
  readonly rid: string | null;
  /** of calls that failed or were queued */
  readonly timeline: ReadonlyArray<TimelineEvent> | null;
};

export type TimelineEvent = {
  readonly at: string;
  readonly event: 'received';
  /** null: of none */
  readonly attempt: number | null;
  readonly detail: {
    /** `inline`: the process that received it sends it; `background`: no caller waits */
    readonly kind: 'inline' | 'queued' | 'background';
    readonly orderKey: boolean;
  };
} | {
  readonly at: string;
  readonly event: 'queued';
  /** null: of none */
  readonly attempt: number | null;
  readonly detail: null;
} | {
  readonly at: string;
  readonly event: 'token_waited';
  /** null: of none */
  readonly attempt: number | null;
  readonly detail: {
    /** from then until there was a token */
    readonly ms: number;
  };
} | {
  readonly at: string;
  readonly event: 'sent';
  /** null: of none */
  readonly attempt: number | null;
  readonly detail: {
    /** at that time, with this attempt */
    readonly quota: {
      readonly used: number;
      readonly limit: number | null;
    } | null;
  };
} | {
  readonly at: string;
  readonly event: 'answered';
  /** null: of none */
  readonly attempt: number | null;
  readonly detail: {
    /** since it was sent */
    readonly ms: number;
    readonly status: number;
    readonly errcode: number | null;
    readonly rid: string | null;
    /** why the answer is none */
    readonly code: string | null;
  };
} | {
  readonly at: string;
  readonly event: 'parked';
  /** null: of none */
  readonly attempt: number | null;
  readonly detail: {
    /** what the call waits for */
    readonly reason: 'quota' | 'token' | 'replica';
    readonly until: string;
  };
} | {
  readonly at: string;
  readonly event: 'retried';
  /** null: of none */
  readonly attempt: number | null;
  readonly detail: {
    readonly reason: 'token_refused' | 'quota_refused' | 'transient' | 'not_sent' | 'shutdown';
    readonly afterMs: number;
    /** why there was no answer, and how long it was waited for */
    readonly unanswered: {
      readonly code: string;
      readonly ms: number;
    } | null;
  };
} | {
  readonly at: string;
  readonly event: 'settled';
  /** null: of none */
  readonly attempt: number | null;
  readonly detail: {
    /** `completed`: WeChat answered, whatever its errcode */
    readonly state: 'queued' | 'running' | 'delayed' | 'completed' | 'failed' | 'cancelled';
    readonly code: string | null;
    /** why there was no answer, and how long it was waited for */
    readonly unanswered: {
      readonly code: string;
      readonly ms: number;
    } | null;
  };
} | {
  readonly at: string;
  readonly event: 'callback';
  /** null: of none */
  readonly attempt: number | null;
  readonly detail: {
    readonly result: 'delivered' | 'refused' | 'failed';
    readonly status: number | null;
  };
};

export type CallSummary = {
  readonly id: string;
  /** `completed`: WeChat answered, whatever its errcode */
  readonly state: 'queued' | 'running' | 'delayed' | 'completed' | 'failed' | 'cancelled';
  /** departures so far */
  readonly attempts: number;
  readonly createdAt: string;
  readonly settledAt: string | null;
  /** the call is not sent before this time */
  readonly notBeforeAt: string | null;
  readonly component?: string | undefined;
  readonly appid?: string | undefined;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  /** the size of its body */
  readonly requestBytes?: number | undefined;
  /** the call is not sent after this time */
  readonly deadlineAt?: string | undefined;
  /** WeChat’s answer without its content, if that is the outcome */
  readonly answered: {
    readonly status: number;
    readonly errcode: number | null;
    readonly rid: string | null;
    /** the size of its body */
    readonly bytes: number | null;
  } | null;
  readonly failure: {
    readonly code: string;
    readonly remedy: Remedy;
    readonly message: string;
    readonly errcode: number | null;
    readonly rid: string | null;
    readonly explanation: Explanation;
  } | null;
  /** of the account; null: unknown, or a component’s call */
  readonly handle: string | null;
  /** of the account; null: unknown, or the key lacks the scope `authorizers:read` */
  readonly nickName: string | null;
};

export type Lane = {
  /** calls that wait or are in flight */
  readonly depth: number;
  /** when the oldest call of those that are next was created */
  readonly oldestAt: string | null;
  readonly inFlight: number;
  /** calls that wait for a quota to open, without those behind one of their order key */
  readonly parked: number;
  /** in a long lane, of its first 2,000 calls */
  readonly orderKeys: number;
  /** the closed quotas that parked calls wait for */
  readonly waitingFor: ReadonlyArray<{
    readonly path: string;
    readonly until: string;
    readonly calls: number;
  }>;
};

export type JsConfig = {
  readonly appId: string;
  /** in seconds */
  readonly timestamp: number;
  readonly nonceStr: string;
  readonly signature: string;
};

export type Quota = {
  readonly path: string;
  /** today (Beijing time), including usage by other programs, as last reported by WeChat */
  readonly used: number;
  /** per day; null if unknown */
  readonly limit: number | null;
  readonly remaining: number | null;
  /** the source of the limit; after a refusal the limit is at most this */
  readonly source: 'wechat' | 'catalogue' | 'refusal' | null;
  /** no call is sent before this time, except probes */
  readonly closedUntil: string | null;
  /** a forecast: when the limit will be reached, today or tomorrow, if usage continues as it is */
  readonly exhaustedAt: string | null;
  /** the limit per minute, or per so many seconds */
  readonly minute: {
    readonly used: number;
    readonly limit: number;
    readonly seconds: number;
  } | null;
};

export type QuotaClear = {
  readonly cleared: true;
  /** clears of this month (Beijing time), of ten */
  readonly usedThisMonth: number;
  readonly remainingThisMonth: number;
};

export type Status = {
  /** whether all components are ready */
  readonly ready: boolean;
  readonly pushes: {
    /** accepted, and not in the journal yet */
    readonly waiting: number;
    readonly oldestMs: number;
    /** entries that could not be journaled */
    readonly bad: number;
    /** false while a process of an older version is live */
    readonly stream: boolean;
  };
  readonly redis: {
    /** the primary, or each master of a Cluster */
    readonly masters: ReadonlyArray<{
      readonly address: string;
      readonly answers: boolean;
    }>;
  };
  readonly subscriptions: {
    readonly active: number;
    readonly failing: number;
    readonly paused: number;
  };
  readonly components: ReadonlyArray<{
    readonly appid: string;
    readonly ready: boolean;
    readonly reasons: ReadonlyArray<'no_ticket' | 'ticket_expired' | 'component_token_failing'>;
    readonly lastPushAt: string | null;
    readonly pushes: {
      readonly lastHour: {
        readonly accepted: number;
        readonly duplicates: number;
        readonly unreadable: number;
        readonly wrongAccount: number;
        readonly tooOld: number;
        readonly refused: number;
        readonly unavailable: number;
      };
      readonly lastRefusal: {
        readonly at: string;
        readonly status: number;
        readonly reason: string;
        readonly url: 'events' | 'messages';
      } | null;
    };
    /** pushes refused since the last accepted one, by reason */
    readonly refusedPushes: ReadonlyArray<{
      readonly reason: 'decryption' | 'appid' | 'signature' | 'envelope';
      readonly count: number;
      readonly since: string;
      readonly lastAt: string;
      readonly remedy: Remedy;
      /** what to set */
      readonly message: string;
    }>;
    readonly ticket: {
      readonly receivedAt: string;
      readonly expiresAt: string;
    } | null;
    readonly token: {
      readonly version: number;
      readonly expiresAt: string | null;
      readonly failure: {
        readonly code: string;
        readonly remedy: Remedy;
        readonly message: string;
        readonly errcode: number | null;
        readonly at: string;
      } | null;
    } | null;
  }>;
};

export type Activity = {
  /** when the first interval began; the last one is not over */
  readonly from: string;
  /** the length of an interval */
  readonly stepMs: number;
  readonly calls: {
    readonly completed: ReadonlyArray<number>;
    /** settled with a failure or with an errcode */
    readonly failed: ReadonlyArray<number>;
  };
  readonly pushes: {
    readonly accepted: ReadonlyArray<number>;
    /** refused, not stored, unreadable, too old, or of another account */
    readonly failed: ReadonlyArray<number>;
  };
  readonly deliveries: {
    readonly delivered: ReadonlyArray<number>;
    /** attempts, whether or not another one followed */
    readonly failed: ReadonlyArray<number>;
  };
};

export type Process = {
  readonly id: string;
  readonly role: 'node' | 'gateway' | 'worker';
  readonly version: string;
  readonly startedAt: string;
  /** every five seconds; 15 seconds without one mean that it has died */
  readonly heartbeatAt: string;
  /** host, and port if it listens */
  readonly address: string | null;
  /** by how much its event loop was late lately (99th percentile) */
  readonly lagMs: number | null;
};

export type Redis = {
  readonly kind: 'standalone' | 'sentinel' | 'cluster';
  readonly servers: ReadonlyArray<{
    readonly address: string;
    readonly role: 'primary' | 'replica';
    readonly up: boolean;
    /** in bytes; null for replicas */
    readonly memory: {
      readonly used: number;
      readonly max: number | null;
    } | null;
    /** connected to it */
    readonly replicas: number | null;
    /** of a replica: since it last confirmed what it has, to the second */
    readonly lagMs: number | null;
  }>;
  /** null: the provider does not report it */
  readonly minReplicasToWrite: number | null;
  readonly evictionPolicy: string | null;
  readonly aof: boolean | null;
};

export type Queue = {
  readonly name: string;
  readonly description: string;
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
  /** how long the next job has been waiting */
  readonly oldestMs: number | null;
  /** processes that take its jobs */
  readonly workers: number;
};

export type Component = {
  readonly appid: string;
  readonly ready: boolean;
  readonly reasons: ReadonlyArray<'no_ticket' | 'ticket_expired' | 'component_token_failing'>;
  readonly lastPushAt: string | null;
  readonly pushes: {
    readonly lastHour: {
      readonly accepted: number;
      readonly duplicates: number;
      readonly unreadable: number;
      readonly wrongAccount: number;
      readonly tooOld: number;
      readonly refused: number;
      readonly unavailable: number;
    };
    readonly lastRefusal: {
      readonly at: string;
      readonly status: number;
      readonly reason: string;
      readonly url: 'events' | 'messages';
    } | null;
  };
  /** pushes refused since the last accepted one, by reason */
  readonly refusedPushes: ReadonlyArray<{
    readonly reason: 'decryption' | 'appid' | 'signature' | 'envelope';
    readonly count: number;
    readonly since: string;
    readonly lastAt: string;
    readonly remedy: Remedy;
    /** what to set */
    readonly message: string;
  }>;
  readonly ticket: {
    readonly receivedAt: string;
    readonly expiresAt: string;
  } | null;
  readonly token: {
    readonly version: number;
    readonly expiresAt: string | null;
    readonly failure: {
      readonly code: string;
      readonly remedy: Remedy;
      readonly message: string;
      readonly errcode: number | null;
      readonly at: string;
    } | null;
  } | null;
  /** to be entered at the Open Platform; `$APPID$` stays as it is */
  readonly pushUrls: {
    readonly events: string;
    readonly messages: string;
  };
  /** the address of this deployment that WeChat refused last (61004) */
  readonly refusedIp: {
    /** as WeChat shows it, with its last parts masked */
    readonly ip: string;
    readonly at: string;
  } | null;
  /** of the component’s own APIs; empty for a key that is restricted to certain accounts */
  readonly quotas: ReadonlyArray<Quota>;
  /** null also for a key that is restricted to certain accounts */
  readonly lastReconciliation: Reconciliation | null;
};

export type Reconciliation = {
  readonly id: string;
  readonly component: string;
  readonly reason: 'requested' | 'start' | 'nightly' | 'refused';
  readonly state: 'queued' | 'running' | 'completed' | 'failed';
  /** first WeChat’s list, then the stored accounts that are not in it */
  readonly phase: 'listing' | 'missing';
  readonly total: number | null;
  readonly seen: number;
  readonly added: number;
  readonly changed: number;
  readonly revoked: number;
  readonly error: string | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
};

export type DoctorCheck = {
  readonly name: 'settings' | 'secrets-key' | 'data-dir' | 'redis' | 'redis-settings' | 'redis-memory' | 'redis-age' | 'clocks' | 'database' | 'component' | 'ticket' | 'component-token' | 'egress' | 'public-url' | 'push-url' | 'queues' | 'versions' | 'second-system';
  readonly status: 'ok' | 'warn' | 'fail' | 'skipped';
  /** names the fault; null if the check is ok or skipped */
  readonly code: string | null;
  /** of the gravest fault; or why the check was skipped */
  readonly cause: Explanation | null;
  readonly remedy: Explanation | null;
  /** carries the remedy out, or shows more */
  readonly command: string | null;
  /** what was read: addresses, versions, numbers */
  readonly found: string | null;
  /** its other faults */
  readonly also: ReadonlyArray<DoctorFault>;
  readonly ms: number;
};

export type DoctorFault = {
  readonly status: 'warn' | 'fail';
  readonly code: string;
  readonly cause: Explanation;
  readonly remedy: Explanation;
  readonly command: string | null;
};

export type ListedAuthorizer = {
  readonly appid: string;
  readonly component: string;
  /** null until WeChat has reported it */
  readonly kind: 'official-account' | 'mini-program' | null;
  readonly nickName: string | null;
  /** WeChat’s original id, `gh_…` */
  readonly userName: string | null;
  readonly headImg: string | null;
  readonly principalName: string | null;
  readonly alias: string | null;
  /** WeChat’s own number, like the two fields after it */
  readonly serviceType: number | null;
  readonly verifyType: number | null;
  readonly accountStatus: number | null;
  readonly state: 'active' | 'needs-reauthorization' | 'revoked';
  /** ids of the permission sets that were granted */
  readonly scopes: ReadonlyArray<number>;
  /** your own name of the account; random until you choose one */
  readonly handle: string;
  /** random, and never changed; for cookies of merchant-facing pages, since a handle can be guessed. Null for a session of the console */
  readonly cookieValue: string | null;
  readonly authorizedAt: string;
  readonly updatedAt: string;
  /** when WeChat last reported the profile */
  readonly profileAt: string | null;
  /** one of the test accounts of WeChat’s release check */
  readonly test: boolean;
  /** with `include=activity` */
  readonly activity?: AccountActivity | undefined;
};

export type AccountActivity = {
  /** null: it has no token at present */
  readonly tokenExpiresAt: string | null;
  /** why the last refresh of the token failed, if none has succeeded since */
  readonly tokenFailure: {
    readonly code: string;
    readonly remedy: Remedy;
    readonly message: string;
    readonly errcode: number | null;
    readonly at: string;
  } | null;
  /** the last request for the account: to the minute, or exactly if it is recorded as a call */
  readonly lastCallAt: string | null;
  /** of the journal, so null after its retention */
  readonly lastPushAt: string | null;
  /** the daily quota with the largest share used; null if no limit is known */
  readonly quota: {
    readonly path: string;
    readonly used: number;
    readonly limit: number;
  } | null;
};

export type AuthorizerTotals = {
  readonly total: number;
  readonly byState: {
    readonly active: number;
    readonly 'needs-reauthorization': number;
    readonly revoked: number;
  };
  readonly byKind: {
    readonly 'official-account': number;
    readonly 'mini-program': number;
    readonly unknown: number;
  };
  /** when they were counted */
  readonly at: string;
};

export type Authorizer = {
  readonly appid: string;
  readonly component: string;
  /** null until WeChat has reported it */
  readonly kind: 'official-account' | 'mini-program' | null;
  readonly nickName: string | null;
  /** WeChat’s original id, `gh_…` */
  readonly userName: string | null;
  readonly headImg: string | null;
  readonly principalName: string | null;
  readonly alias: string | null;
  /** WeChat’s own number, like the two fields after it */
  readonly serviceType: number | null;
  readonly verifyType: number | null;
  readonly accountStatus: number | null;
  readonly state: 'active' | 'needs-reauthorization' | 'revoked';
  /** ids of the permission sets that were granted */
  readonly scopes: ReadonlyArray<number>;
  /** your own name of the account; random until you choose one */
  readonly handle: string;
  /** random, and never changed; for cookies of merchant-facing pages, since a handle can be guessed. Null for a session of the console */
  readonly cookieValue: string | null;
  readonly authorizedAt: string;
  readonly updatedAt: string;
  /** when WeChat last reported the profile */
  readonly profileAt: string | null;
  /** one of the test accounts of WeChat’s release check */
  readonly test: boolean;
};

export type GrantEvent = {
  readonly at: string;
  readonly event: 'authorized' | 'reauthorized' | 'needs-reauthorization' | 'revoked' | 'restored' | 'scopes-changed';
  readonly state: 'active' | 'needs-reauthorization' | 'revoked';
  readonly scopes: ReadonlyArray<number>;
};

export type AuthorizationLink = {
  readonly id: string;
  readonly component: string;
  /** for the merchant to open */
  readonly url: string;
  readonly state: 'pending' | 'opened' | 'authorized' | 'failed' | 'expired';
  /** of the account that consented */
  readonly appid: string | null;
  /** of the account; null: unknown, or the key lacks the scope `authorizers:read` */
  readonly nickName: string | null;
  /** of an `authorized` link: `handle_taken`, if the account could not get the handle */
  readonly failure: {
    readonly code: string;
    readonly message: string;
  } | null;
  readonly style: 'pc' | 'mobile' | null;
  readonly authType: number;
  readonly bizAppid: string | null;
  readonly categoryIdList: string | null;
  readonly returnTo: string | null;
  readonly handle: string | null;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly openedAt: string | null;
  readonly settledAt: string | null;
};

export type Option = {
  readonly name: string;
  readonly value: string;
};

export type ReleaseCheck = {
  readonly id: string;
  readonly component: string;
  readonly kind: 'real' | 'rehearsal';
  /** the test account; null for a rehearsal */
  readonly appid: string | null;
  /** of a real check as this deployment sees it; WeChat’s console has the verdict */
  readonly state: 'running' | 'passed' | 'failed';
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly steps: ReadonlyArray<ReleaseCheckStep>;
  /** of a rehearsal: what only WeChat’s console shows, to be compared by its operator */
  readonly console?: ReadonlyArray<ConsoleSetting> | undefined;
};

export type ReleaseCheckStep = {
  readonly name: 'address' | 'ticket' | 'ready' | 'authorized' | 'text' | 'event' | 'api_text' | 'unauthorized' | 'configuration';
  readonly state: 'ok' | 'failed' | 'skipped';
  /** why it failed */
  readonly code: 'unreachable' | 'not_public' | 'bad_certificate' | 'wrong_port' | 'not_success' | 'too_slow' | 'signature_refused' | 'no_ticket' | 'ip_not_listed' | 'wrong_secret' | 'not_ready' | 'plain_reply' | 'wrong_text' | 'no_reply' | 'not_empty' | 'no_worker' | 'queue_backlog' | 'not_received' | 'exchange_failed' | 'send_failed' | 'last_check_failed' | null;
  readonly detail: {
    readonly zh: string;
    readonly en: string;
  };
  readonly ms: number | null;
  readonly expected: string | null;
  readonly got: string | null;
};

export type ConsoleSetting = {
  readonly name: 'event_url' | 'message_url' | 'token' | 'encoding_aes_key' | 'ip_list' | 'permission_sets';
  /** what this deployment expects there; null if it does not know, or if it is a secret and the caller is no key with the scope admin */
  readonly value: string | null;
  readonly detail: {
    readonly zh: string;
    readonly en: string;
  };
};

export type Follower = {
  readonly openid: string;
  readonly subscribed: boolean;
  readonly subscribedAt: string | null;
  readonly unsubscribedAt: string | null;
  readonly unionid: string | null;
  readonly remark: string | null;
  readonly tagIds: ReadonlyArray<number> | null;
  /** how the user found the account */
  readonly scene: string | null;
  /** all other fields that WeChat reported */
  readonly extra: { readonly [name: string]: unknown };
};

export type Erasure = {
  readonly state: 'running' | 'completed';
};

export type FollowerCounts = {
  readonly total: number;
  readonly subscribed: number;
  readonly unsubscribed: number;
};

export type GrowthDay = {
  readonly day: string;
  readonly subscribed: number;
  readonly unsubscribed: number;
};

export type FollowerSync = {
  readonly id: string;
  readonly appid: string;
  readonly component: string;
  /** the account’s current one */
  readonly handle: string | null;
  /** of the account; null: unknown, or the key lacks the scope `authorizers:read` */
  readonly nickName: string | null;
  readonly state: 'queued' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';
  readonly phase: 'listing' | 'details' | 'finishing';
  readonly details: boolean;
  readonly listed: number;
  readonly detailed: number;
  /** of the detailed followers, those whose details WeChat refused or returned in unreadable form; they are stored as listed */
  readonly withoutDetails: number;
  /** the number that WeChat reports; null until the first page */
  readonly total: number | null;
  readonly ratePerSecond: number | null;
  /** while a closed quota or a transient error delays it */
  readonly waitingUntil: string | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** why it failed, or why it waits */
  readonly error: {
    readonly code: string;
    readonly remedy: Remedy;
    readonly message: string;
    readonly errcode?: number | undefined;
  } | null;
};

export type FollowerSyncSchedule = {
  readonly at: string;
  readonly details: boolean;
  readonly nextAt: string;
};

export type Push = {
  readonly id: string;
  /** the order of acceptance; it can repeat */
  readonly seq: string;
  readonly component: string;
  /** null: it concerns no account */
  readonly appid: string | null;
  /** the account’s current one */
  readonly handle: string | null;
  /** of the account; null: unknown, or the key lacks the scope `authorizers:read` */
  readonly nickName: string | null;
  readonly type: string;
  readonly note: 'unreadable' | 'wrong_account' | null;
  readonly createTime: string;
  readonly receivedAt: string;
  readonly deliveries: ReadonlyArray<{
    readonly subscription: string;
    readonly state: 'pending' | 'delivered' | 'dead';
    readonly attemptCount: number;
    readonly status: number | null;
    readonly code: string | null;
    readonly replyState: string | null;
  }>;
};

export type PushWithData = {
  readonly id: string;
  /** the order of acceptance; it can repeat */
  readonly seq: string;
  readonly component: string;
  /** null: it concerns no account */
  readonly appid: string | null;
  /** the account’s current one */
  readonly handle: string | null;
  /** of the account; null: unknown, or the key lacks the scope `authorizers:read` */
  readonly nickName: string | null;
  readonly type: string;
  readonly note: 'unreadable' | 'wrong_account' | null;
  readonly createTime: string;
  readonly receivedAt: string;
  readonly deliveries: ReadonlyArray<{
    readonly subscription: string;
    readonly state: 'pending' | 'delivered' | 'dead';
    readonly attemptCount: number;
    readonly status: number | null;
    readonly code: string | null;
    readonly replyState: string | null;
  }>;
  /** as format `json` delivers it; null if no key in SECRETS_KEY opens it */
  readonly data: { readonly [name: string]: unknown } | null;
};

export type PushType = {
  readonly type: string;
  readonly fields: ReadonlyArray<string>;
  /** from a mini program only `transfer` */
  readonly replies: ReadonlyArray<'text' | 'image' | 'voice' | 'video' | 'music' | 'news' | 'transfer'>;
  /** how long a customer message may answer it; null: not at all */
  readonly lateWindowMs: number | null;
  readonly description: {
    readonly zh: string;
    readonly en: string;
  };
};

export type NewSubscription = {
  readonly id: string;
  readonly name: string;
  /** without the scope `pushes:write` only its origin */
  readonly url: string;
  readonly messageUrl: string | null;
  readonly format: 'json' | 'wechat' | 'wechat-component';
  readonly mode: 'safe' | 'plain' | null;
  readonly component: string | null;
  readonly filter: {
    readonly types?: ReadonlyArray<string> | undefined;
    readonly accounts?: ReadonlyArray<string> | undefined;
    readonly handles?: ReadonlyArray<string> | undefined;
    readonly components?: ReadonlyArray<string> | undefined;
    readonly openids?: ReadonlyArray<string> | undefined;
    readonly where?: { readonly [name: string]: string | ReadonlyArray<string> | {
      readonly prefix: string;
    } } | undefined;
  };
  readonly reply: {
    readonly waitMs: number;
    readonly late: 'customer_message' | null;
    readonly fallback: Reply | null;
    readonly maxInFlight: number;
  } | null;
  readonly maxInFlight: number;
  readonly timeoutMs: number;
  readonly giveUpAfterMs: number | null;
  readonly state: 'active' | 'failing' | 'paused';
  /** why it is paused */
  readonly reason: 'manual' | 'gone' | 'failing_too_long' | null;
  readonly failingSince: string | null;
  readonly lastSuccessAt: string | null;
  /** since when deliveries may be missing */
  readonly behindSince: string | null;
  /** while it is failing or its receiver asks for silence: when the next delivery is tried */
  readonly nextAttemptAt: string | null;
  readonly backlog: {
    readonly pending: number;
    /** there are more, which were not counted */
    readonly atLeast: boolean;
    readonly oldestAt: string | null;
  };
  readonly lastFailure: {
    readonly code: string;
    readonly status: number | null;
    readonly at: string;
  } | null;
  /** of the format `wechat-component` */
  readonly lastTicket: {
    readonly at: string;
    readonly status: number | null;
    readonly code: string | null;
  } | null;
  /** the id of the key */
  readonly createdBy: string;
  /** the name of the key, also if it was revoked; null: no key */
  readonly createdByName: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** of Standard Webhooks, `whsec_…`; shown only this once */
  readonly secret: string;
  /** in the formats of WeChat */
  readonly token?: string | undefined;
  /** in the formats of WeChat */
  readonly encodingAesKey?: string | undefined;
};

export type Subscription = {
  readonly id: string;
  readonly name: string;
  /** without the scope `pushes:write` only its origin */
  readonly url: string;
  readonly messageUrl: string | null;
  readonly format: 'json' | 'wechat' | 'wechat-component';
  readonly mode: 'safe' | 'plain' | null;
  readonly component: string | null;
  readonly filter: {
    readonly types?: ReadonlyArray<string> | undefined;
    readonly accounts?: ReadonlyArray<string> | undefined;
    readonly handles?: ReadonlyArray<string> | undefined;
    readonly components?: ReadonlyArray<string> | undefined;
    readonly openids?: ReadonlyArray<string> | undefined;
    readonly where?: { readonly [name: string]: string | ReadonlyArray<string> | {
      readonly prefix: string;
    } } | undefined;
  };
  readonly reply: {
    readonly waitMs: number;
    readonly late: 'customer_message' | null;
    readonly fallback: Reply | null;
    readonly maxInFlight: number;
  } | null;
  readonly maxInFlight: number;
  readonly timeoutMs: number;
  readonly giveUpAfterMs: number | null;
  readonly state: 'active' | 'failing' | 'paused';
  /** why it is paused */
  readonly reason: 'manual' | 'gone' | 'failing_too_long' | null;
  readonly failingSince: string | null;
  readonly lastSuccessAt: string | null;
  /** since when deliveries may be missing */
  readonly behindSince: string | null;
  /** while it is failing or its receiver asks for silence: when the next delivery is tried */
  readonly nextAttemptAt: string | null;
  readonly backlog: {
    readonly pending: number;
    /** there are more, which were not counted */
    readonly atLeast: boolean;
    readonly oldestAt: string | null;
  };
  readonly lastFailure: {
    readonly code: string;
    readonly status: number | null;
    readonly at: string;
  } | null;
  /** of the format `wechat-component` */
  readonly lastTicket: {
    readonly at: string;
    readonly status: number | null;
    readonly code: string | null;
  } | null;
  /** the id of the key */
  readonly createdBy: string;
  /** the name of the key, also if it was revoked; null: no key */
  readonly createdByName: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
};

export type SubscriptionSecrets = {
  /** of Standard Webhooks, `whsec_…`; shown only this once */
  readonly secret: string;
  /** in the formats of WeChat */
  readonly token?: string | undefined;
  /** in the formats of WeChat */
  readonly encodingAesKey?: string | undefined;
};

export type Delivery = {
  readonly subscription: string;
  /** the id of the push, which is also `webhook-id` */
  readonly push: string;
  /** the order of acceptance */
  readonly seq: string;
  readonly component: string;
  /** null: the push concerns no account */
  readonly appid: string | null;
  readonly handle: string | null;
  /** of the account; null: unknown, or the key lacks the scope `authorizers:read` */
  readonly nickName: string | null;
  readonly type: string;
  /** `dead`: it is not sent again by itself */
  readonly state: 'pending' | 'delivered' | 'dead';
  readonly attemptCount: number;
  readonly nextAttemptAt: string | null;
  /** of the last attempt */
  readonly status: number | null;
  /** why the last attempt failed; null: it was answered 2xx, or there was none */
  readonly code: string | null;
  readonly ms: number | null;
  readonly settledAt: string | null;
  /** what sent it again: a replay, or `single` */
  readonly replay: string | null;
  readonly reply: {
    readonly state: 'passive' | 'customer_message' | 'none' | 'invalid' | 'dropped';
    readonly reason: string | null;
    readonly callId: string | null;
  } | null;
};

export type DeliveryWithAttempts = {
  readonly subscription: string;
  /** the id of the push, which is also `webhook-id` */
  readonly push: string;
  /** the order of acceptance */
  readonly seq: string;
  readonly component: string;
  /** null: the push concerns no account */
  readonly appid: string | null;
  readonly handle: string | null;
  /** of the account; null: unknown, or the key lacks the scope `authorizers:read` */
  readonly nickName: string | null;
  readonly type: string;
  /** `dead`: it is not sent again by itself */
  readonly state: 'pending' | 'delivered' | 'dead';
  readonly attemptCount: number;
  readonly nextAttemptAt: string | null;
  /** of the last attempt */
  readonly status: number | null;
  /** why the last attempt failed; null: it was answered 2xx, or there was none */
  readonly code: string | null;
  readonly ms: number | null;
  readonly settledAt: string | null;
  /** what sent it again: a replay, or `single` */
  readonly replay: string | null;
  readonly reply: {
    readonly state: 'passive' | 'customer_message' | 'none' | 'invalid' | 'dropped';
    readonly reason: string | null;
    readonly callId: string | null;
  } | null;
  /** the last ten failed ones */
  readonly attempts: ReadonlyArray<{
    readonly number: number;
    readonly at: string;
    readonly status: number | null;
    readonly code: string;
    readonly ms: number;
    /** its first kilobyte */
    readonly answer: string | null;
  }>;
};

export type Replay = {
  readonly id: string;
  readonly subscription: string;
  readonly since: string;
  readonly until: string;
  readonly only: 'missing' | 'all';
  readonly state: 'running' | 'completed' | 'failed' | 'cancelled';
  /** deliveries that were created or reopened */
  readonly matched: number;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  readonly error: {
    readonly code: string;
    readonly message: string;
  } | null;
};

export type ErrcodeExplanation = {
  readonly errcode: number;
  readonly code: string;
  readonly remedy: Remedy;
  /** auth, quota, transient, permission, parameter, crypto, ok; own: a number of this project; or unknown */
  readonly class: string;
  readonly documented: boolean;
  readonly explanation: Explanation;
};

export type SentReply = {
  readonly sent: 'passive';
} | {
  readonly sent: 'customer_message';
  readonly callId: string;
};

export type NewKey = {
  readonly id: string;
  readonly name: string;
  readonly scopes: ReadonlyArray<'calls' | 'followers:read' | 'authorizers:read' | 'authorizers:write' | 'pushes:read' | 'pushes:write' | 'admin'>;
  /** empty: all of them */
  readonly accounts: ReadonlyArray<string>;
  /** empty: all of them */
  readonly paths: ReadonlyArray<string>;
  readonly ratePerSecond: number | null;
  readonly expiresAt: string | null;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly revokedAt: string | null;
  /** to the minute */
  readonly lastUsedAt: string | null;
  /** the key itself, shown only this once */
  readonly key: string;
};

export type Key = {
  readonly id: string;
  readonly name: string;
  readonly scopes: ReadonlyArray<'calls' | 'followers:read' | 'authorizers:read' | 'authorizers:write' | 'pushes:read' | 'pushes:write' | 'admin'>;
  /** empty: all of them */
  readonly accounts: ReadonlyArray<string>;
  /** empty: all of them */
  readonly paths: ReadonlyArray<string>;
  readonly ratePerSecond: number | null;
  readonly expiresAt: string | null;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly revokedAt: string | null;
  /** to the minute */
  readonly lastUsedAt: string | null;
};

export type AuditEntry = {
  readonly id: string;
  readonly at: string;
  /** the id of the key, or another operator */
  readonly actor: string;
  /** the name of the key, also if it was revoked; null: no key */
  readonly actorName: string | null;
  readonly action: string;
  /** the id of the key or subscription that was changed */
  readonly target: string | null;
  /** the name of the key that was changed */
  readonly targetName: string | null;
  readonly address: string | null;
  readonly requestId: string | null;
};

export type Alarm = {
  /** of this occurrence */
  readonly id: string;
  /** stable; see the table of alarms in the documentation */
  readonly rule: string;
  /** page: act now */
  readonly severity: 'page' | 'warn';
  /** null: it concerns the whole deployment */
  readonly component: string | null;
  /** the processes that report it */
  readonly processes: ReadonlyArray<{
    readonly id: string;
    readonly host: string;
    /** what differs between processes, such as an address */
    readonly note: string | null;
  }>;
  /** when the fault was first reported */
  readonly openedAt: string;
  /** when it was last reported; null: it is open */
  readonly closedAt: string | null;
  readonly cause: Explanation;
  readonly remedy: Explanation;
  /** a page of the console */
  readonly link: string | null;
};

export type AlarmChannel = {
  /** kind and number, in the order of ALARM_WEBHOOKS */
  readonly id: string;
  readonly kind: 'wecom' | 'dingtalk' | 'feishu' | 'generic';
  /** the rest of the URL is a secret */
  readonly host: string;
  readonly lastSentAt: string | null;
  readonly lastFailure: {
    readonly at: string;
    /** of HTTP; null: no answer */
    readonly status: number | null;
    /** of the receiver, or why there is none */
    readonly answer: string;
    readonly remedy: Explanation;
  } | null;
};

export type AlarmChannelTest = {
  /** whether the channel accepted the message */
  readonly sent: boolean;
  /** of HTTP; null: no answer */
  readonly status: number | null;
  /** of the receiver, or why there is none */
  readonly answer: string;
  readonly ms: number;
  /** null: it was sent */
  readonly remedy: Explanation | null;
};

/** By method and path, as the gateway has them. */
export interface Operations {
  /** Calls WeChat on behalf of an account */
  'POST /v1/authorizers/:appid/calls': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: CallRequest;
    answer: Call;
  };
  /** Calls one of WeChat’s component APIs */
  'POST /v1/components/:appid/calls': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {};
    body: CallRequest;
    answer: Call;
  };
  /** A call, with WeChat’s answer when it has settled, and how it came to that */
  'GET /v1/calls/:id': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: CallDetail;
  };
  /** Cancels a call that has not departed */
  'DELETE /v1/calls/:id': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: Call;
  };
  /** The calls of one account, or the failed ones of a component, the newest first */
  'GET /v1/calls': {
    path: {};
    query: {
      readonly limit?: number | undefined;
      /** `next` of the previous page */
      readonly cursor?: string | undefined;
      /** it or `handle` is required unless `component` and `failed=true` are given */
      readonly appid?: string | undefined;
      /** the same, by the account’s handle */
      readonly handle?: string | undefined;
      /** required if the account authorized several components */
      readonly component?: string | undefined;
      /** `true`: of the last 10,000 calls of the component that failed, or that WeChat refused */
      readonly failed?: 'true' | 'false' | undefined;
      /** `completed`: WeChat answered, whatever its errcode */
      readonly state?: 'queued' | 'running' | 'delayed' | 'completed' | 'failed' | 'cancelled' | undefined;
      /** of WeChat’s answer */
      readonly errcode?: number | undefined;
      /** of the failure */
      readonly code?: string | undefined;
      /** the id of the key with which it was requested */
      readonly key?: string | undefined;
      readonly path?: string | undefined;
      readonly since?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<CallSummary>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** Up to 1,000 background calls for many accounts */
  'POST /v1/calls/batch': {
    path: {};
    query: {};
    body: {
      readonly calls: ReadonlyArray<BatchedCall>;
    };
    answer: {
      readonly items: ReadonlyArray<{
        readonly id: string;
      } | {
        readonly problem: Problem;
      }>;
    };
  };
  /** The background calls of an account that have not settled, and what they wait for */
  'GET /v1/authorizers/:appid/lane': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: Lane;
  };
  /** Signs a web page for the JS-SDK: what it passes to `wx.config` */
  'POST /v1/authorizers/:appid/js-config': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: {
      /** the page’s `location.href`, unchanged; what follows `#` is not signed */
      readonly url: string;
    };
    answer: JsConfig;
  };
  /** What an account has used of each API today, and when the quota will be exhausted */
  'GET /v1/authorizers/:appid/quotas': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      readonly limit?: number | undefined;
      /** `next` of the previous page */
      readonly cursor?: string | undefined;
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<Quota>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** The same for the component’s own APIs: tokens, pre-auth codes, exchanges */
  'GET /v1/components/:appid/quotas': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      readonly limit?: number | undefined;
      /** `next` of the previous page */
      readonly cursor?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<Quota>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** Clears all quotas of an account at WeChat */
  'POST /v1/authorizers/:appid/quotas/clear': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: Record<string, never> | undefined;
    answer: QuotaClear;
  };
  /** Clears the component’s own quotas, with its secret: it works even without a component token */
  'POST /v1/components/:appid/quotas/clear': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {};
    body: Record<string, never> | undefined;
    answer: QuotaClear;
  };
  /** Whether each component is ready, and if not, why */
  'GET /v1/status': {
    path: {};
    query: {};
    body: undefined;
    answer: Status;
  };
  /** How many calls, pushes and deliveries all processes had, in intervals of five minutes */
  'GET /v1/activity': {
    path: {};
    query: {
      readonly hours?: number | undefined;
      /** all components if missing */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: Activity;
  };
  /** The processes of this deployment, by their heartbeats */
  'GET /v1/processes': {
    path: {};
    query: {};
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<Process>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** The servers of Redis, and the settings that decide what a failure loses */
  'GET /v1/redis': {
    path: {};
    query: {};
    body: undefined;
    answer: Redis;
  };
  /** What waits in each queue, and in the stream of pushes */
  'GET /v1/queues': {
    path: {};
    query: {};
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<Queue>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** The components of this deployment, with what each needs to work */
  'GET /v1/components': {
    path: {};
    query: {};
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<Component>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** One of them */
  'GET /v1/components/:appid': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {};
    body: undefined;
    answer: Component;
  };
  /** Examines the deployment from this gateway: settings, Redis, database, WeChat, PUBLIC_URL, queues */
  'POST /v1/doctor': {
    path: {};
    query: {};
    body: DoctorInput | undefined;
    answer: {
      readonly items: ReadonlyArray<DoctorCheck>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** The accounts that authorized the component; a filtered page may hold fewer than `limit` */
  'GET /v1/authorizers': {
    path: {};
    query: {
      readonly limit?: number | undefined;
      /** `next` of the previous page */
      readonly cursor?: string | undefined;
      /** the beginning of an appid or of an original id (`gh_…`), a part of a name or of a principal in any script and case, or the beginning of a handle */
      readonly q?: string | undefined;
      readonly state?: 'active' | 'needs-reauthorization' | 'revoked' | undefined;
      readonly handle?: string | undefined;
      readonly cookieValue?: string | undefined;
      readonly kind?: 'official-account' | 'mini-program' | undefined;
      /** the id of a permission set that was granted */
      readonly scope?: number | undefined;
      readonly component?: string | undefined;
      readonly include?: 'activity' | undefined;
      /** true: the test accounts of WeChat’s release check, too */
      readonly test?: 'true' | 'false' | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<ListedAuthorizer>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** How many accounts there are, by state and by kind; counted at most every ten seconds */
  'GET /v1/authorizers/totals': {
    path: {};
    query: {
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: AuthorizerTotals;
  };
  /** One of these accounts */
  'GET /v1/authorizers/:appid': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      /** required if the account authorized several components */
      readonly component?: string | undefined;
      readonly include?: 'activity' | undefined;
    };
    body: undefined;
    answer: ListedAuthorizer;
  };
  /** Gives an account your own name of it */
  'PATCH /v1/authorizers/:appid': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: {
      readonly handle: string;
    };
    answer: Authorizer;
  };
  /** The changes of an account’s consent, the newest first */
  'GET /v1/authorizers/:appid/history': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      readonly limit?: number | undefined;
      /** `next` of the previous page */
      readonly cursor?: string | undefined;
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<GrantEvent>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** Creates a link by which one merchant can authorize the component */
  'POST /v1/components/:appid/authorization-links': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {};
    body: {
      readonly style?: 'pc' | 'mobile' | null | undefined;
      readonly authType?: 1 | 2 | 3 | 4 | 5 | 6 | 8 | undefined;
      readonly bizAppid?: string | null | undefined;
      readonly categoryIdList?: string | null | undefined;
      readonly returnTo?: string | null | undefined;
      /** your own name of the account; it gets it when it authorizes by the link */
      readonly handle?: string | null | undefined;
      readonly expiresInMs?: number | undefined;
    } | undefined;
    answer: AuthorizationLink;
  };
  /** The links of the last 90 days, the newest first; a filtered page may hold fewer than `limit` */
  'GET /v1/authorization-links': {
    path: {};
    query: {
      readonly limit?: number | undefined;
      /** `next` of the previous page */
      readonly cursor?: string | undefined;
      readonly component?: string | undefined;
      readonly state?: 'pending' | 'opened' | 'authorized' | 'failed' | 'expired' | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<AuthorizationLink>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** The state of a link */
  'GET /v1/authorization-links/:id': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: AuthorizationLink;
  };
  /** Exchanges the code of a consent, for a program that owns the callback page */
  'POST /v1/components/:appid/authorizations': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {};
    body: {
      /** the auth_code that WeChat added to your callback page */
      readonly authCode: string;
    };
    answer: Authorizer;
  };
  /** Compares the stored accounts with WeChat’s list; returns the running comparison if there is one */
  'POST /v1/authorizers/reconcile': {
    path: {};
    query: {
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: Reconciliation;
  };
  /** The reconciliations of all components, the newest first; a filtered page may hold fewer than `limit` */
  'GET /v1/reconciliations': {
    path: {};
    query: {
      readonly limit?: number | undefined;
      /** `next` of the previous page */
      readonly cursor?: string | undefined;
      readonly component?: string | undefined;
      readonly state?: 'queued' | 'running' | 'completed' | 'failed' | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<Reconciliation>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** The progress of a reconciliation */
  'GET /v1/reconciliations/:id': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: Reconciliation;
  };
  /** The value of an option */
  'GET /v1/authorizers/:appid/options/:name': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
      readonly name: string;
    };
    query: {
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: Option;
  };
  /** Sets `location_report`, `voice_recognize` or `customer_service` */
  'PUT /v1/authorizers/:appid/options/:name': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
      readonly name: string;
    };
    query: {
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: {
      readonly value: string | number;
    };
    answer: Option;
  };
  /** Rehearses WeChat’s whole-network release check: a worker acts as WeChat towards PUBLIC_URL */
  'POST /v1/components/:appid/release-rehearsals': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {};
    body: RehearsalInput | undefined;
    answer: ReleaseCheck;
  };
  /** The release checks and their rehearsals, the newest first */
  'GET /v1/release-checks': {
    path: {};
    query: {
      readonly limit?: number | undefined;
      /** `next` of the previous page */
      readonly cursor?: string | undefined;
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<ReleaseCheck>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** One of them, step by step */
  'GET /v1/release-checks/:id': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: ReleaseCheck;
  };
  /** The present and former followers of an account */
  'GET /v1/authorizers/:appid/followers': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      readonly limit?: number | undefined;
      /** `next` of the previous page */
      readonly cursor?: string | undefined;
      readonly subscribed?: 'true' | 'false' | undefined;
      /** followed since this time; a date alone means its midnight in Beijing */
      readonly since?: string | undefined;
      readonly tag?: number | undefined;
      readonly scene?: string | undefined;
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<Follower>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** Erases an account’s followers */
  'DELETE /v1/authorizers/:appid/followers': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: Erasure;
  };
  /** All followers, one JSON object per line */
  'GET /v1/authorizers/:appid/followers.ndjson': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      readonly subscribed?: 'true' | 'false' | undefined;
      /** followed since this time; a date alone means its midnight in Beijing */
      readonly since?: string | undefined;
      readonly tag?: number | undefined;
      readonly scene?: string | undefined;
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: string;
  };
  /** All followers, as CSV */
  'GET /v1/authorizers/:appid/followers.csv': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      readonly subscribed?: 'true' | 'false' | undefined;
      /** followed since this time; a date alone means its midnight in Beijing */
      readonly since?: string | undefined;
      readonly tag?: number | undefined;
      readonly scene?: string | undefined;
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: string;
  };
  /** The numbers of followers */
  'GET /v1/authorizers/:appid/followers/counts': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: FollowerCounts;
  };
  /** New and lost followers per day (Beijing time) */
  'GET /v1/authorizers/:appid/followers/growth': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      readonly from?: string | undefined;
      readonly to?: string | undefined;
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<GrowthDay>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** Copies all followers of an account; returns the running sync if there is one */
  'POST /v1/authorizers/:appid/follower-syncs': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: {
      readonly details?: boolean | undefined;
    } | undefined;
    answer: FollowerSync;
  };
  /** The last syncs of an account, the newest first */
  'GET /v1/authorizers/:appid/follower-syncs': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      readonly limit?: number | undefined;
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<FollowerSync>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** The syncs of all accounts, the newest first; a filtered page may hold fewer than `limit` */
  'GET /v1/follower-syncs': {
    path: {};
    query: {
      readonly limit?: number | undefined;
      /** `next` of the previous page */
      readonly cursor?: string | undefined;
      readonly component?: string | undefined;
      readonly state?: 'queued' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled' | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<FollowerSync>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** The progress of a sync */
  'GET /v1/follower-syncs/:id': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: FollowerSync;
  };
  /** Pauses a sync */
  'POST /v1/follower-syncs/:id/pause': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: FollowerSync;
  };
  /** Resumes a sync */
  'POST /v1/follower-syncs/:id/resume': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: FollowerSync;
  };
  /** Cancels a sync */
  'POST /v1/follower-syncs/:id/cancel': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: FollowerSync;
  };
  /** The time of the daily sync */
  'GET /v1/authorizers/:appid/follower-sync-schedule': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: FollowerSyncSchedule;
  };
  /** Copies followers every day at this time (Beijing time) */
  'PUT /v1/authorizers/:appid/follower-sync-schedule': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: {
      readonly at: string;
      readonly details?: boolean | undefined;
    };
    answer: FollowerSyncSchedule;
  };
  /** Ends the daily sync */
  'DELETE /v1/authorizers/:appid/follower-sync-schedule': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: undefined;
  };
  /** Pushes and notices, the newest first; a filtered page may hold fewer than `limit` */
  'GET /v1/pushes': {
    path: {};
    query: {
      readonly limit?: number | undefined;
      /** `next` of the previous page */
      readonly cursor?: string | undefined;
      readonly appid?: string | undefined;
      readonly handle?: string | undefined;
      /** exact, or a prefix with `*` at its end */
      readonly type?: string | undefined;
      readonly since?: string | undefined;
      /** excluded */
      readonly until?: string | undefined;
      /** needs `appid` or `handle` */
      readonly openid?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<Push>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** One push with its content and its deliveries */
  'GET /v1/pushes/:id': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: PushWithData;
  };
  /** The documented types of pushes, and what may answer them */
  'GET /v1/push-types': {
    path: {};
    query: {};
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<PushType>;
    };
  };
  /** Erases a person’s pushes and their deliveries */
  'DELETE /v1/authorizers/:appid/people/:openid/pushes': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
      readonly openid: string;
    };
    query: {
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: Erasure;
  };
  /** Erases an account’s pushes and their deliveries */
  'DELETE /v1/authorizers/:appid/pushes': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      /** required if the account authorized several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: Erasure;
  };
  /** Delivers pushes to an endpoint; the secrets are shown only this once */
  'POST /v1/subscriptions': {
    path: {};
    query: {};
    body: SubscriptionInput;
    answer: NewSubscription;
  };
  /** The subscriptions, the newest first; a filtered page may hold fewer than `limit` */
  'GET /v1/subscriptions': {
    path: {};
    query: {
      readonly limit?: number | undefined;
      /** `next` of the previous page */
      readonly cursor?: string | undefined;
      readonly state?: 'active' | 'failing' | 'paused' | undefined;
      /** only those that can receive pushes of this account */
      readonly appid?: string | undefined;
      /** the same, by the account’s handle */
      readonly handle?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<Subscription>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** One subscription, with its health and backlog */
  'GET /v1/subscriptions/:id': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: Subscription;
  };
  /** Replaces the given fields */
  'PATCH /v1/subscriptions/:id': {
    path: {
      readonly id: string;
    };
    query: {};
    body: SubscriptionChange | undefined;
    answer: Subscription;
  };
  /** Ends a subscription; its pending deliveries are dropped */
  'DELETE /v1/subscriptions/:id': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: undefined;
  };
  /** Makes a new signing secret, beside which the former one stays valid for a while */
  'POST /v1/subscriptions/:id/rotate-secret': {
    path: {
      readonly id: string;
    };
    query: {};
    body: {
      /** how long the former signing secret stays valid */
      readonly overlapMs?: number | undefined;
    } | undefined;
    answer: SubscriptionSecrets;
  };
  /** Sends nothing more until the subscription is resumed */
  'POST /v1/subscriptions/:id/pause': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: Subscription;
  };
  /** Delivers again, and replays what was missed, as far as the journal goes */
  'POST /v1/subscriptions/:id/resume': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: {
      readonly subscription: Subscription;
      /** of what it has missed; null: it was not paused */
      readonly replay: string | null;
    };
  };
  /** Sends one push to the endpoint and shows the answer; nothing is stored or sent to users */
  'POST /v1/subscriptions/:id/test': {
    path: {
      readonly id: string;
    };
    query: {};
    body: {
      /** one of `GET /v1/push-types`, or `component_verify_ticket` */
      readonly type: string;
      /** null: an invented account */
      readonly appid?: string | null | undefined;
    } | {
      /** the id of a push in the journal */
      readonly push: string;
    };
    answer: {
      readonly request: {
        readonly url: string;
        readonly headers: { readonly [name: string]: string };
        /** null for a session of the console */
        readonly body: string | null;
      };
      /** null: there was no answer */
      readonly response: {
        readonly status: number;
        readonly headers: { readonly [name: string]: string };
        /** null for a session of the console */
        readonly body: string | null;
        readonly ms: number;
      } | null;
      /** in the formats of WeChat: of the GET by which WeChat checks a URL */
      readonly echo: {
        readonly status: number;
        readonly ms: number;
      } | null;
      /** how the answer would be read */
      readonly reply: Reply | null;
      readonly problem: {
        readonly code: string;
        readonly detail: string;
      } | null;
    };
  };
  /** Deliveries of a subscription or an account, the newest first; a filtered page may hold fewer than `limit` */
  'GET /v1/deliveries': {
    path: {};
    query: {
      readonly limit?: number | undefined;
      /** `next` of the previous page */
      readonly cursor?: string | undefined;
      /** one of subscription, appid and handle is required */
      readonly subscription?: string | undefined;
      readonly appid?: string | undefined;
      readonly handle?: string | undefined;
      readonly state?: 'pending' | 'delivered' | 'dead' | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<Delivery>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** One delivery, with its last failed attempts */
  'GET /v1/subscriptions/:id/deliveries/:push': {
    path: {
      readonly id: string;
      readonly push: string;
    };
    query: {};
    body: undefined;
    answer: DeliveryWithAttempts;
  };
  /** Makes a delivery due now; a settled one is sent again */
  'POST /v1/subscriptions/:id/deliveries/:push/retry': {
    path: {
      readonly id: string;
      readonly push: string;
    };
    query: {};
    body: undefined;
    answer: DeliveryWithAttempts;
  };
  /** Sends pushes of a time range again, as fast as the subscription takes them beside live ones */
  'POST /v1/subscriptions/:id/replays': {
    path: {
      readonly id: string;
    };
    query: {};
    body: ReplayInput;
    answer: Replay;
  };
  /** A replay and its progress */
  'GET /v1/replays/:id': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: Replay;
  };
  /** Ends a replay; deliveries that it has made due are sent */
  'POST /v1/replays/:id/cancel': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: Replay;
  };
  /** Sends one push again */
  'POST /v1/pushes/:id/replay': {
    path: {
      readonly id: string;
    };
    query: {};
    body: {
      /** whatever their filters; by default all active ones that match */
      readonly subscriptions?: ReadonlyArray<string> | undefined;
    } | undefined;
    answer: {
      readonly deliveries: ReadonlyArray<{
        readonly subscription: string;
        readonly push: string;
      }>;
    };
  };
  /** The meaning of one of WeChat’s error numbers, and the remedy */
  'GET /v1/explain/:errcode': {
    path: {
      readonly errcode: string;
    };
    query: {};
    body: undefined;
    answer: ErrcodeExplanation;
  };
  /** Answers the user of a push, once */
  'POST /v1/pushes/:id/reply': {
    path: {
      readonly id: string;
    };
    query: {};
    body: Reply;
    answer: SentReply;
  };
  /** Creates a key; it is shown only this once */
  'POST /v1/keys': {
    path: {};
    query: {};
    body: {
      readonly name: string;
      readonly scopes: ReadonlyArray<'calls' | 'followers:read' | 'authorizers:read' | 'authorizers:write' | 'pushes:read' | 'pushes:write' | 'admin'>;
      readonly accounts?: ReadonlyArray<string> | undefined;
      readonly paths?: ReadonlyArray<string> | undefined;
      readonly expiresAt?: string | null | undefined;
      readonly ratePerSecond?: number | null | undefined;
    };
    answer: NewKey;
  };
  /** All keys, without the keys themselves */
  'GET /v1/keys': {
    path: {};
    query: {
      readonly limit?: number | undefined;
      /** `next` of the previous page */
      readonly cursor?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<Key>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** Revokes a key, within a second on every node */
  'DELETE /v1/keys/:id': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: undefined;
  };
  /** The use of operator rights, the newest first */
  'GET /v1/audit': {
    path: {};
    query: {
      readonly limit?: number | undefined;
      /** `next` of the previous page */
      readonly cursor?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<AuditEntry>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** Open alarms, or the last that were closed; the newest first */
  'GET /v1/alarms': {
    path: {};
    query: {
      readonly limit?: number | undefined;
      /** `next` of the previous page */
      readonly cursor?: string | undefined;
      /** closed: the last 500, for 30 days */
      readonly state?: 'open' | 'closed' | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<Alarm>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** Where alarms are sent: the webhooks of ALARM_WEBHOOKS */
  'GET /v1/alarm-channels': {
    path: {};
    query: {};
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<AlarmChannel>;
      /** the `cursor` of the next page; null on the last one */
      readonly next: string | null;
    };
  };
  /** Sends a test message to a channel and shows its answer */
  'POST /v1/alarm-channels/:id/test': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: AlarmChannelTest;
  };
}
