// Made by `npm run generate`. Do not edit.

export type CallRequest = {
  readonly method: 'GET' | 'POST';
  /** any path of WeChat’s API, without host and query */
  readonly path: string;
  /** without tokens: the platform adds them; at most 16 KB */
  readonly query?: { readonly [name: string]: string | number | boolean | ReadonlyArray<string | number | boolean> } | undefined;
  /** any JSON of at most 512 levels, sent as it is written; null is none */
  readonly body?: unknown;
  /** it does not leave later: `deadline_passed` */
  readonly deadlineAt?: string | undefined;
  /** it does not leave earlier; it waits in the background */
  readonly notBeforeAt?: string | undefined;
  /** told of the outcome, by the Standard Webhooks scheme */
  readonly callbackUrl?: string | undefined;
  /** 0: nobody waits; 30000 by default, 0 where `notBeforeAt` is given */
  readonly waitMs?: number | undefined;
};

export type BatchedCall = {
  readonly method: 'GET' | 'POST';
  /** any path of WeChat’s API, without host and query */
  readonly path: string;
  /** without tokens: the platform adds them; at most 16 KB */
  readonly query?: { readonly [name: string]: string | number | boolean | ReadonlyArray<string | number | boolean> } | undefined;
  /** any JSON of at most 512 levels, sent as it is written; null is none */
  readonly body?: unknown;
  /** it does not leave later: `deadline_passed` */
  readonly deadlineAt?: string | undefined;
  /** it does not leave earlier; it waits in the background */
  readonly notBeforeAt?: string | undefined;
  /** told of the outcome, by the Standard Webhooks scheme */
  readonly callbackUrl?: string | undefined;
  /** the account */
  readonly appid: string;
  /** where the account exists under several; a component’s own calls have its appid in both */
  readonly component?: string | undefined;
};

export type Call = {
  readonly id: string;
  /** `completed`: WeChat answered, whatever its errcode */
  readonly state: 'queued' | 'running' | 'delayed' | 'completed' | 'failed' | 'cancelled';
  /** departures so far */
  readonly attempts: number;
  readonly createdAt: string;
  readonly settledAt: string | null;
  /** it does not depart earlier */
  readonly notBeforeAt: string | null;
  readonly component?: string | undefined;
  readonly appid?: string | undefined;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  /** it does not depart later */
  readonly deadlineAt?: string | undefined;
  readonly failure: {
    readonly code: string;
    readonly remedy: Remedy;
    readonly message: string;
    readonly errcode: number | null;
    readonly rid: string | null;
    readonly explanation: Explanation;
  } | null;
  readonly response: {
    readonly status: number;
    readonly headers: { readonly [name: string]: string };
    /** JSON, integers beyond 2^53 as strings; a text; or `{"base64","contentType"}` of a file */
    readonly body: unknown;
  } | null;
  /** WeChat answered, but its answer is no longer kept: newer ones of the account have displaced it */
  readonly responseKept?: false | undefined;
  /** of the errcode with which WeChat refused, if it did */
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
  /** WeChat’s, where WeChat refused */
  readonly errcode?: number | undefined;
  /** WeChat’s id of the request */
  readonly rid?: string | undefined;
  /** of the errcode */
  readonly explanation?: Explanation | undefined;
  /** of `not_ready` */
  readonly reasons?: ReadonlyArray<string> | undefined;
  /** of `forbidden`: what the key is not for */
  readonly missing?: {
    readonly scope: string;
  } | {
    readonly account: string;
  } | {
    readonly path: string;
  } | {
    readonly restriction: 'accounts' | 'paths';
  } | undefined;
  /** of `quota_closed` */
  readonly closedUntil?: string | undefined;
  /** where the merchant can consent again */
  readonly authorizationUrl?: string | undefined;
};

export type CallSummary = {
  readonly id: string;
  /** `completed`: WeChat answered, whatever its errcode */
  readonly state: 'queued' | 'running' | 'delayed' | 'completed' | 'failed' | 'cancelled';
  /** departures so far */
  readonly attempts: number;
  readonly createdAt: string;
  readonly settledAt: string | null;
  /** it does not depart earlier */
  readonly notBeforeAt: string | null;
  readonly component?: string | undefined;
  readonly appid?: string | undefined;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  /** it does not depart later */
  readonly deadlineAt?: string | undefined;
  readonly failure: {
    readonly code: string;
    readonly remedy: Remedy;
    readonly message: string;
    readonly errcode: number | null;
    readonly rid: string | null;
    readonly explanation: Explanation;
  } | null;
};

export type Quota = {
  readonly path: string;
  /** today in Beijing; what others used is in it as far as WeChat has told */
  readonly used: number;
  /** of a day; null where nobody knows one */
  readonly limit: number | null;
  readonly remaining: number | null;
  /** where the limit is known from; after a refusal it is at most that */
  readonly source: 'wechat' | 'catalogue' | 'refusal' | null;
  /** nothing leaves before then, but for a probe now and then */
  readonly closedUntil: string | null;
  /** when the limit will be reached, today or tomorrow, if it goes on like this; a forecast */
  readonly exhaustedAt: string | null;
  /** the limit of a minute, or of as many seconds */
  readonly minute: {
    readonly used: number;
    readonly limit: number;
    readonly seconds: number;
  } | null;
};

export type QuotaClear = {
  readonly cleared: true;
  /** clears of this month in Beijing, of ten */
  readonly usedThisMonth: number;
  readonly remainingThisMonth: number;
};

export type Status = {
  /** all components are */
  readonly ready: boolean;
  readonly components: ReadonlyArray<{
    readonly appid: string;
    readonly ready: boolean;
    readonly reasons: ReadonlyArray<'no_ticket' | 'ticket_expired' | 'component_token_failing'>;
    readonly lastPushAt: string | null;
    /** pushes that arrived and were refused since one was last accepted, by reason */
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

export type Authorizer = {
  readonly appid: string;
  readonly component: string;
  /** null until WeChat has told */
  readonly kind: 'official-account' | 'mini-program' | null;
  readonly nickName: string | null;
  /** WeChat’s original id, `gh_…` */
  readonly userName: string | null;
  readonly headImg: string | null;
  readonly principalName: string | null;
  readonly alias: string | null;
  /** WeChat’s own number, as the two behind it */
  readonly serviceType: number | null;
  readonly verifyType: number | null;
  readonly accountStatus: number | null;
  readonly state: 'active' | 'needs-reauthorization' | 'revoked';
  /** ids of the permission sets that were granted */
  readonly scopes: ReadonlyArray<number>;
  /** opaque and random; for cookies of merchant-facing pages */
  readonly handle: string;
  readonly authorizedAt: string;
  readonly updatedAt: string;
  /** when WeChat last told the profile */
  readonly profileAt: string | null;
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
  readonly failure: {
    readonly code: string;
    readonly message: string;
  } | null;
  readonly style: 'pc' | 'mobile' | null;
  readonly authType: number;
  readonly bizAppid: string | null;
  readonly categoryIdList: string | null;
  readonly returnTo: string | null;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly openedAt: string | null;
  readonly settledAt: string | null;
};

export type Reconciliation = {
  readonly id: string;
  readonly component: string;
  readonly reason: 'requested' | 'start' | 'nightly' | 'refused';
  readonly state: 'queued' | 'running' | 'completed' | 'failed';
  /** WeChat’s list first; then those of ours that it lacks */
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

export type Option = {
  readonly name: string;
  readonly value: string;
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
  /** what else WeChat told */
  readonly extra: { readonly [name: string]: unknown };
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
  readonly state: 'queued' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';
  readonly phase: 'listing' | 'details' | 'finishing';
  readonly details: boolean;
  readonly listed: number;
  readonly detailed: number;
  /** of the detailed ones, those whose details WeChat refused or answered unreadably: kept as listed */
  readonly withoutDetails: number;
  /** what WeChat says it will be; null until its first page */
  readonly total: number | null;
  readonly ratePerSecond: number | null;
  /** while a closed quota or a trouble keeps it */
  readonly waitingUntil: string | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** why it failed, or what it waits for */
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

export type ErrcodeExplanation = {
  readonly errcode: number;
  readonly code: string;
  readonly remedy: Remedy;
  /** auth, quota, transient, permission, parameter, crypto, ok; or unknown */
  readonly class: string;
  readonly documented: boolean;
  readonly explanation: Explanation;
};

export type NewKey = {
  readonly id: string;
  readonly name: string;
  readonly scopes: ReadonlyArray<'calls' | 'followers:read' | 'authorizers:read' | 'authorizers:write' | 'admin'>;
  /** none: all of them */
  readonly accounts: ReadonlyArray<string>;
  /** none: all of them */
  readonly paths: ReadonlyArray<string>;
  readonly ratePerSecond: number | null;
  readonly expiresAt: string | null;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly revokedAt: string | null;
  /** to the minute */
  readonly lastUsedAt: string | null;
  /** the key itself, shown this once */
  readonly key: string;
};

export type Key = {
  readonly id: string;
  readonly name: string;
  readonly scopes: ReadonlyArray<'calls' | 'followers:read' | 'authorizers:read' | 'authorizers:write' | 'admin'>;
  /** none: all of them */
  readonly accounts: ReadonlyArray<string>;
  /** none: all of them */
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
  /** id of the key, or who else it was */
  readonly actor: string;
  readonly action: string;
  /** id of the key that it was done to */
  readonly target: string | null;
  readonly address: string | null;
  readonly requestId: string | null;
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
      /** chooses where the account exists under several components */
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
  /** A call and, once it is settled, WeChat’s answer */
  'GET /v1/calls/:id': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: Call;
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
  /** The calls of one account, the newest first */
  'GET /v1/calls': {
    path: {};
    query: {
      readonly limit?: number | undefined;
      /** `next` of the page before */
      readonly cursor?: string | undefined;
      readonly appid: string;
      /** chooses where the account exists under several components */
      readonly component?: string | undefined;
      /** `completed`: WeChat answered, whatever its errcode */
      readonly state?: 'queued' | 'running' | 'delayed' | 'completed' | 'failed' | 'cancelled' | undefined;
      readonly path?: string | undefined;
      readonly since?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<CallSummary>;
      /** the `cursor` of the page behind; null on the last one */
      readonly next: string | null;
    };
  };
  /** Up to 1,000 calls over many accounts, for which nobody waits */
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
  /** What an account has used of each API today, and when that will be all */
  'GET /v1/authorizers/:appid/quotas': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      readonly limit?: number | undefined;
      /** `next` of the page before */
      readonly cursor?: string | undefined;
      /** chooses where the account exists under several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<Quota>;
      /** the `cursor` of the page behind; null on the last one */
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
      /** `next` of the page before */
      readonly cursor?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<Quota>;
      /** the `cursor` of the page behind; null on the last one */
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
      /** chooses where the account exists under several components */
      readonly component?: string | undefined;
    };
    body: Record<string, never> | undefined;
    answer: QuotaClear;
  };
  /** Clears the component’s own, with its secret: also where no token can be had */
  'POST /v1/components/:appid/quotas/clear': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {};
    body: Record<string, never> | undefined;
    answer: QuotaClear;
  };
  /** Whether each component can act, and if not, why */
  'GET /v1/status': {
    path: {};
    query: {};
    body: undefined;
    answer: Status;
  };
  /** Who authorized you */
  'GET /v1/authorizers': {
    path: {};
    query: {
      readonly limit?: number | undefined;
      /** `next` of the page before */
      readonly cursor?: string | undefined;
      readonly state?: 'active' | 'needs-reauthorization' | 'revoked' | undefined;
      readonly handle?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<Authorizer>;
      /** the `cursor` of the page behind; null on the last one */
      readonly next: string | null;
    };
  };
  /** One account that authorized you */
  'GET /v1/authorizers/:appid': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      /** chooses where the account exists under several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: Authorizer;
  };
  /** What happened to an account’s consent, the newest first */
  'GET /v1/authorizers/:appid/history': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      readonly limit?: number | undefined;
      /** `next` of the page before */
      readonly cursor?: string | undefined;
      /** chooses where the account exists under several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<GrantEvent>;
      /** the `cursor` of the page behind; null on the last one */
      readonly next: string | null;
    };
  };
  /** Makes a link by which one merchant may consent */
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
      readonly expiresInMs?: number | undefined;
    } | undefined;
    answer: AuthorizationLink;
  };
  /** What became of a link */
  'GET /v1/authorization-links/:id': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: AuthorizationLink;
  };
  /** Compares our authorizers with WeChat’s own list; one that runs already answers */
  'POST /v1/authorizers/reconcile': {
    path: {};
    query: {
      /** chooses where the account exists under several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: Reconciliation;
  };
  /** How far a reconciliation is */
  'GET /v1/reconciliations/:id': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: Reconciliation;
  };
  /** What an option is set to */
  'GET /v1/authorizers/:appid/options/:name': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
      readonly name: string;
    };
    query: {
      /** chooses where the account exists under several components */
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
      /** chooses where the account exists under several components */
      readonly component?: string | undefined;
    };
    body: {
      readonly value: string | number;
    };
    answer: Option;
  };
  /** Who follows an account, or did */
  'GET /v1/authorizers/:appid/followers': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      readonly limit?: number | undefined;
      /** `next` of the page before */
      readonly cursor?: string | undefined;
      readonly subscribed?: 'true' | 'false' | undefined;
      /** who has followed since then; a date alone means its midnight in Beijing */
      readonly since?: string | undefined;
      readonly tag?: number | undefined;
      readonly scene?: string | undefined;
      /** chooses where the account exists under several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<Follower>;
      /** the `cursor` of the page behind; null on the last one */
      readonly next: string | null;
    };
  };
  /** All of them, one JSON object on each line */
  'GET /v1/authorizers/:appid/followers.ndjson': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      readonly subscribed?: 'true' | 'false' | undefined;
      /** who has followed since then; a date alone means its midnight in Beijing */
      readonly since?: string | undefined;
      readonly tag?: number | undefined;
      readonly scene?: string | undefined;
      /** chooses where the account exists under several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: string;
  };
  /** All of them, as a table */
  'GET /v1/authorizers/:appid/followers.csv': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      readonly subscribed?: 'true' | 'false' | undefined;
      /** who has followed since then; a date alone means its midnight in Beijing */
      readonly since?: string | undefined;
      readonly tag?: number | undefined;
      readonly scene?: string | undefined;
      /** chooses where the account exists under several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: string;
  };
  /** How many there are */
  'GET /v1/authorizers/:appid/followers/counts': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      /** chooses where the account exists under several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: FollowerCounts;
  };
  /** How many came and went, day by day in Beijing */
  'GET /v1/authorizers/:appid/followers/growth': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      readonly from?: string | undefined;
      readonly to?: string | undefined;
      /** chooses where the account exists under several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<GrowthDay>;
      /** the `cursor` of the page behind; null on the last one */
      readonly next: string | null;
    };
  };
  /** Copies all followers of an account; one that runs already answers */
  'POST /v1/authorizers/:appid/follower-syncs': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      /** chooses where the account exists under several components */
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
      /** chooses where the account exists under several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<FollowerSync>;
      /** the `cursor` of the page behind; null on the last one */
      readonly next: string | null;
    };
  };
  /** How far a sync is */
  'GET /v1/follower-syncs/:id': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: FollowerSync;
  };
  /** Lets a sync rest */
  'POST /v1/follower-syncs/:id/pause': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: FollowerSync;
  };
  /** Lets it go on */
  'POST /v1/follower-syncs/:id/resume': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: FollowerSync;
  };
  /** Ends it for good */
  'POST /v1/follower-syncs/:id/cancel': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: FollowerSync;
  };
  /** When followers are copied every day */
  'GET /v1/authorizers/:appid/follower-sync-schedule': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      /** chooses where the account exists under several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: FollowerSyncSchedule;
  };
  /** Copies followers every day, at a time in Beijing */
  'PUT /v1/authorizers/:appid/follower-sync-schedule': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      /** chooses where the account exists under several components */
      readonly component?: string | undefined;
    };
    body: {
      readonly at: string;
      readonly details?: boolean | undefined;
    };
    answer: FollowerSyncSchedule;
  };
  /** Copies them no more by itself */
  'DELETE /v1/authorizers/:appid/follower-sync-schedule': {
    path: {
      /** appid of the account; of the component itself for its own APIs */
      readonly appid: string;
    };
    query: {
      /** chooses where the account exists under several components */
      readonly component?: string | undefined;
    };
    body: undefined;
    answer: undefined;
  };
  /** What one of WeChat’s numbers means, and what to do */
  'GET /v1/explain/:errcode': {
    path: {
      readonly errcode: string;
    };
    query: {};
    body: undefined;
    answer: ErrcodeExplanation;
  };
  /** Makes a key; it is shown this once */
  'POST /v1/keys': {
    path: {};
    query: {};
    body: {
      readonly name: string;
      readonly scopes: ReadonlyArray<'calls' | 'followers:read' | 'authorizers:read' | 'authorizers:write' | 'admin'>;
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
      /** `next` of the page before */
      readonly cursor?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<Key>;
      /** the `cursor` of the page behind; null on the last one */
      readonly next: string | null;
    };
  };
  /** Ends a key, within a second on every node */
  'DELETE /v1/keys/:id': {
    path: {
      readonly id: string;
    };
    query: {};
    body: undefined;
    answer: undefined;
  };
  /** What was done with the rights of an operator, the newest first */
  'GET /v1/audit': {
    path: {};
    query: {
      readonly limit?: number | undefined;
      /** `next` of the page before */
      readonly cursor?: string | undefined;
    };
    body: undefined;
    answer: {
      readonly items: ReadonlyArray<AuditEntry>;
      /** the `cursor` of the page behind; null on the last one */
      readonly next: string | null;
    };
  };
}
