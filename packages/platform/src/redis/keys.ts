import { Failure } from '@wxthirdparty/wechat';

/** `REDIS_PREFIX` where it is not set. */
export const DEFAULT_REDIS_PREFIX = 'wx';

/** The names that one deployment uses in Redis. Every connection carries its own (`connectRedis`). */
export interface Keyspace extends ReturnType<typeof keyspaceOf> {}

/** A colon ends the prefix in every key, and braces are Redis Cluster's hash tags. */
export function isRedisPrefix(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,24}$/.test(text);
}

/** The Lua expression of a channel, in a script that has a key of the same deployment. */
export function channelLua(key: string, channel: 'readiness' | 'push-replies'): string {
  return `string.match(${key}, '^[^:]+') .. ':${channel}'`;
}

/**
 * Every Redis key is made here, and starts with the deployment's prefix. Keys of one owner share the hash tag `{component:owner}`, so that one Lua
 * script may touch them together on a Redis Cluster; whatever no script touches together has a tag of its own, so that
 * the load spreads.
 */
export function keyspaceOf(prefix: string) {
  if (!isRedisPrefix(prefix)) {
    throw new Failure('invalid_redis_prefix', 'operator', 'REDIS_PREFIX must be 1 to 24 of A-Z a-z 0-9 _ -.');
  }

  function owned(component: string, owner: string, rest: string): string {
    return `${prefix}:{${component}:${owner}}:${rest}`;
  }

  return {
    prefix,
    /** Which deployment this Redis belongs to. */
    deployment: `${prefix}:deployment`,
    /** The heartbeats of live processes. */
    processes: `${prefix}:processes`,
    token: (component: string, owner: string, kind: string) => owned(component, owner, `token:${kind}`),
    lease: (component: string, owner: string, kind: string) => owned(component, owner, `lease:${kind}`),
    fence: (component: string, owner: string, kind: string) => owned(component, owner, `fence:${kind}`),
    /** Which endpoints have refused tokens lately, and how often one was replaced for it. */
    distrusts: (component: string, owner: string, kind: string) => owned(component, owner, `distrusts:${kind}`),

    /** A random value that a gateway answers with while the doctor examines PUBLIC_URL. */
    doctorNonce: (id: string) => `${prefix}:doctor:${id}`,
    /** Component tokens that WeChat refused before their end, by the time of the refusal. */
    earlyRefusals: (component: string) => owned(component, component, 'early-refusals'),

    /** The live processes that refresh tokens, and until when each of them cannot. */
    refreshers: (component: string) => owned(component, component, 'refreshers'),
    /** The address of ours that WeChat refused last. */
    refusedAddress: (component: string) => owned(component, component, 'refused-address'),
    ticket: (component: string) => owned(component, component, 'ticket'),
    ready: (component: string) => owned(component, component, 'ready'),
    lastPush: (component: string) => owned(component, component, 'last-push'),
    /** How many pushes were refused since one was last accepted, by reason. */
    refusedPushes: (component: string) => owned(component, component, 'refused-pushes'),
    /** Counts of one minute (since 1970), and of five. */
    activityMinute: (component: string, minute: number) => owned(component, component, `activity:1m:${minute}`),
    activityFiveMinutes: (component: string, number: number) => owned(component, component, `activity:5m:${number}`),
    /** The last push that was not accepted. */
    lastRefusal: (component: string) => owned(component, component, 'last-refusal'),
    /** When we may next ask WeChat to push tickets again. */
    ticketRequest: (component: string) => owned(component, component, 'ticket-request'),

    /** What came of an authorization code, by the code's hash. */
    codeOutcome: (component: string, codeHash: string) => owned(component, component, `code:${codeHash}`),
    /** Which link an authorization code belongs to, and whose it is, as push and browser reported. */
    codeTie: (component: string, codeHash: string) => owned(component, component, `code-tie:${codeHash}`),
    /** The link that a refused caller is given, so that many refusals make one link. */
    reauthorizationLink: (component: string, owner: string) => owned(component, owner, 'way-back'),
    /** When the next reconciliation is due, and when the last one started. */
    reconcileTurn: (component: string) => owned(component, component, 'reconcile'),
    /** Held by the process that enqueues due profiles. */
    profileTurn: (component: string) => owned(component, component, 'profiles'),
    /** Lives as long as an authorizer counts as in use. */
    used: (component: string, owner: string) => owned(component, owner, 'used'),
    /** The same for one of its tickets. */
    usedTicket: (component: string, owner: string, kind: string) => owned(component, owner, `used:${kind}`),
    /** Authorizers by the time at which their token is due. */
    due: (component: string) => owned(component, 'due', 'set'),
    /** The same for the kinds of token that older versions do not know: they drop members of which they find no account. */
    dueTickets: (component: string) => owned(component, 'due', 'tickets'),
    /** Says that the due set has been filled from SQL since Redis was last empty. */
    dueRestored: (component: string) => owned(component, 'due', 'restored'),
    /** The process that fills it at the moment. */
    dueRestoring: (component: string) => owned(component, 'due', 'restoring'),
    /** The last account that has been filled in, so that another process continues there. */
    dueRestoredTo: (component: string) => owned(component, 'due', 'restored-to'),

    /** Written to see whether a replica receives it. */
    replicaMark: (component: string, owner: string) => owned(component, owner, 'replica-mark'),
    /** `queued → sent → settled`; the bodies have keys of their own. */
    call: (component: string, owner: string, id: string) => owned(component, owner, `call:${id}`),
    callRequest: (component: string, owner: string, id: string) => owned(component, owner, `call:${id}:request`),
    callResult: (component: string, owner: string, id: string) => owned(component, owner, `call:${id}:result`),
    /** The address to which the outcome is sent. */
    callCallback: (component: string, owner: string, id: string) => owned(component, owner, `call:${id}:callback`),
    /**
     * The calls of an account that can be asked for, by their making; `:ends` has them by their record's end. Beside it
     * `:bodies` and `:results` sum what larger requests and answers occupy.
     */
    callIndex: (component: string, owner: string) => owned(component, owner, 'calls'),
    /** The last failed calls of all accounts, by the time of their outcome; `:entries` has what is kept of each. */
    failedCalls: (component: string) => owned(component, 'failed-calls', 'calls'),
    /** Which call an idempotency key (hashed) belongs to. */
    idempotency: (component: string, owner: string, hash: string) => owned(component, owner, `idempotency:${hash}`),
    /** Background calls; its scripts append `:path:<path>`, `:paths`, `:aside`, `:deadlines`, `:order:<key>` and `:inflight`. */
    lane: (component: string, owner: string) => owned(component, owner, 'lane2'),
    /** Authorizers whose lane has a backlog, by the time at which it must be checked. */
    lanes: (component: string) => owned(component, 'lanes', 'set2'),
    /** Authorizers whose lane has just been found empty, by the time at which that is checked again. */
    lanesAtRest: (component: string) => owned(component, 'lanes', 'at-rest2'),
    /** The same three for lanes of the former format, which older processes know; and `:orders`, the order keys in such a lane. */
    formerLane: (component: string, owner: string) => owned(component, owner, 'lane'),
    formerLanes: (component: string) => owned(component, 'lanes', 'set'),
    formerLanesAtRest: (component: string) => owned(component, 'lanes', 'at-rest'),

    /** What one path has used and may use; its scripts append `:hours`. */
    quota: (component: string, owner: string, path: string) => owned(component, owner, `quota:${path}`),
    /** The paths that an owner has used lately, by the time of the day's first use. */
    quotaPaths: (component: string, owner: string) => owned(component, owner, 'quota-paths'),
    /** How often an owner's quotas were cleared, by month. */
    quotaClears: (component: string, owner: string) => owned(component, owner, 'quota-clears'),
    /** That one clear has been counted there. */
    quotaClearCounted: (component: string, owner: string, clear: string) =>
      owned(component, owner, `quota-clears:${clear}`),
    /** The last warnings about quotas, a stream. */
    quotaEvents: (component: string) => owned(component, component, 'quota-events'),

    /** Accounts with the path of which they have used four fifths (or all) of a quota on that day; a set. */
    limitedAccounts: (component: string, which: 'warned' | 'closed', day: number) =>
      owned(component, component, `limited:${which}:${day}`),

    /** Marks a push as accepted, by its deduplication key. The pushes of all components share one slot. */
    seenPush: (dedupKey: string) => `${prefix}:{pushes}:seen:${dedupKey}`,
    /** Accepted pushes, notices and outcomes of the last milliseconds, until the journaler has stored them; a stream. */
    pushStream: `${prefix}:{pushes}:stream`,
    /** How a push is answered while WeChat waits, and which gateway asks. */
    pushReply: (id: string) => `${prefix}:{pushes}:reply:${id}`,
    /** Held by the worker that journals. */
    journaler: `${prefix}:{pushes}:journaler`,
    /** Up to where (seq) an erasure is completed; named by hashes only. */
    erased: (erasure: string) => `${prefix}:erased:${erasure}`,
    /** How far an erasure that is not completed has come. */
    erasing: (erasure: string) => `${prefix}:erasing:${erasure}`,
    /** Exists for an hour after the journal's retention was applied. */
    journalPruned: `${prefix}:journal-pruned`,
    /** A random value, changed after each change of a subscription. */
    subscriptionsMark: `${prefix}:{pushes}:subscriptions`,
    /** Stream entries that could not be journaled; a stream. */
    badPushes: `${prefix}:{pushes}:bad`,
    /** Subscriptions by the time of their next batch. */
    deliveriesDue: `${prefix}:{deliveries}:due`,

    /** How far the release rehearsal of this id has come with its code. */
    rehearsal: (id: string) => `${prefix}:{rehearsal:${id}}`,
    /** Held while a rehearsal of this component is being started. */
    rehearsalClaim: (component: string) => owned(component, component, 'rehearsal'),

    /** Faults that processes report, open alarms among them, by their key. */
    openAlarms: `${prefix}:{alarms}:open`,
    /** The last that were closed, by the time at which each was last reported. */
    closedAlarms: `${prefix}:{alarms}:closed`,
    /** When the last process reported its alarms. */
    alarmRounds: `${prefix}:{alarms}:rounds`,
    /** What a channel has to send; a list. */
    alarmOutbox: (channel: string) => `${prefix}:{alarms}:outbox:${channel}`,
    /** What a channel sent last, and which process sends now. */
    alarmChannel: (channel: string) => `${prefix}:{alarms}:channel:${channel}`,

    /** Till when an API key has used up its rate. */
    keyRate: (id: string) => `${prefix}:{key:${id}}:rate`,

    /** A session of the console, by a hash of what its browser keeps. */
    session: (hash: string) => `${prefix}:{session:${hash}}`,
    /** How many sign-ins failed lately, by a hash of the address or of the name. */
    signInAttempts: (hash: string) => `${prefix}:{sign-in:${hash}}`,

    /** Account and API key of a user's token, by an HMAC of the token. */
    userToken: (hmac: string) => `${prefix}:{user-token:${hmac}}`,

    /** For SCAN. */
    patterns: {
      everything: [`${prefix}:*`, `{${prefix}:*}:*`],
      calls: `${prefix}:{*}:call:*`,
      /** Of accounts, and of components which of their accounts have a lane; of every format. */
      lanes: [`${prefix}:{*}:lane*`, `${prefix}:{*:lanes}:*`],
      queue: (queue: string) => `{${prefix}:${queue}}:*`,
      callBodies: ['request', 'result', 'callback'].map((part) => `${prefix}:{*}:call:*:${part}`),
    },

    /** Pub/sub channels; only hints travel there, nothing that must arrive. */
    channels: {
      tokens: `${prefix}:tokens`,
      readiness: `${prefix}:readiness`,
      /** Ids of API keys that were revoked. */
      apiKeys: `${prefix}:api-keys`,
      /** Ids of pushes whose reply record changed. */
      pushReplies: `${prefix}:push-replies`,
      /** The subscriptions changed. */
      subscriptions: `${prefix}:subscriptions`,
      /** `component/appid` of accounts whose handle changed. */
      authorizers: `${prefix}:authorizers`,
      replies: (gateway: string) => `${prefix}:replies:${gateway}`,
    },

    /** BullMQ builds its keys as `prefix:queue:…`; a tag for each queue keeps its scripts in one slot. */
    queuePrefix: (queue: string) => `{${prefix}:${queue}}`,
  } as const;
}
