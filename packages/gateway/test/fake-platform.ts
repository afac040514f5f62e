import { createHash } from 'node:crypto';
import {
  type Actor,
  type ApiKey,
  type AuthorizationLink,
  type Authorizer,
  type Call,
  type CallRequest,
  type CallSteps,
  type ComponentView,
  Events,
  type OperatorSession,
  ReauthorizeFailure,
  type Reconciliation,
  type ReleaseCheck,
  runCall,
  type Subscription,
} from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import type { GatewayPlatform } from '../src/gateway-platform.ts';

export const COMPONENT = 'wxc0000000000000001';
export const ACCOUNT = 'wxa0000000000000001';

type Changeable<T> = { -readonly [K in keyof T]: T[K] };

export const emptyStream = { waiting: 0, oldestMs: 0, bad: 0, stream: true };

/** Of a component. */
export const noPushes = {
  lastHour: { accepted: 0, duplicates: 0, unreadable: 0, wrongAccount: 0, tooOld: 0, refused: 0, unavailable: 0 },
  lastRefusal: null,
};

const noActivity = { tokenExpiresAt: null, tokenFailure: null, lastCallAt: null, lastPushAt: null, quota: null };

export interface FakePlatform extends Changeable<GatewayPlatform> {
  pushes: Changeable<GatewayPlatform['pushes']>;
  /** `run` takes the real steps; tests replace these. */
  calls: Changeable<GatewayPlatform['calls'] & CallSteps>;
  callList: Changeable<GatewayPlatform['callList']>;
  failedCalls: Changeable<GatewayPlatform['failedCalls']>;
  quotas: Changeable<GatewayPlatform['quotas']>;
  quotaClearing: Changeable<GatewayPlatform['quotaClearing']>;
  quotaEvents: Changeable<GatewayPlatform['quotaEvents']>;
  accountActivities: Changeable<GatewayPlatform['accountActivities']>;
  laneViews: Changeable<GatewayPlatform['laneViews']>;
  componentViews: Changeable<GatewayPlatform['componentViews']>;
  reconciliations: Changeable<GatewayPlatform['reconciliations']>;
  componentTickets: Changeable<GatewayPlatform['componentTickets']>;
  accountNames: Changeable<GatewayPlatform['accountNames']>;
  authorizers: Changeable<GatewayPlatform['authorizers']>;
  jsTickets: Changeable<GatewayPlatform['jsTickets']>;
  releaseChecks: Changeable<GatewayPlatform['releaseChecks']>;
  rehearsals: Changeable<GatewayPlatform['rehearsals']>;
  consents: Changeable<GatewayPlatform['consents']>;
  codeExchange: Changeable<GatewayPlatform['codeExchange']>;
  virtualCodes: Changeable<GatewayPlatform['virtualCodes']>;
  authorizationLinks: Changeable<GatewayPlatform['authorizationLinks']>;
  apiKeys: Changeable<GatewayPlatform['apiKeys']>;
  audit: Changeable<GatewayPlatform['audit']>;
  operatorSessions: Changeable<GatewayPlatform['operatorSessions']>;
  signInAttempts: Changeable<GatewayPlatform['signInAttempts']>;
  userTokens: Changeable<GatewayPlatform['userTokens']>;
  /** Stored keys, by their text. */
  readonly given: Map<string, ApiKey>;
  readonly audited: { readonly actor: Actor; readonly action: string; readonly target: string | null }[];
  readonly submitted: CallRequest[];
  readonly cancelled: string[];
}

/** Only answers; what a platform decides is tested elsewhere, against the real one. Tests replace what they are about. */
export function fakePlatform(): FakePlatform {
  const submitted: CallRequest[] = [];
  const cancelled: string[] = [];
  const given = new Map<string, ApiKey>();
  const audited: { actor: Actor; action: string; target: string | null }[] = [];
  const fake: FakePlatform = {
    given,
    audited,
    submitted,
    cancelled,
    events: new Events(),
    pushes: {
      accept: () => Promise.resolve({ outcome: 'accepted' }),
      echo: () => undefined,
    },
    replies: {
      find: (id) => Promise.resolve({ id, component: 'wxc', appid: 'wxa', record: undefined }),
      reply: () => Promise.resolve({ sent: 'passive' }),
    },
    calls: {
      run: (request, options) => runCall(fake.calls, request, options),
      submit: (request) => {
        submitted.push(request);
        return Promise.resolve({ id: 'call-1' });
      },
      submitAll: (requests) => {
        submitted.push(...requests);
        return Promise.resolve(requests.map((_, i) => ({ id: `call-${i + 1}` })));
      },
      settled: () => Promise.resolve(settledCall()),
      find: (id) => Promise.resolve(id === 'call-1' ? settledCall() : undefined),
      detail: async (id) => {
        const call = await fake.calls.find(id);
        return call && { call, timeline: null };
      },
      cancel: (id) => {
        cancelled.push(id);
        return Promise.resolve(true);
      },
    },
    callList: {
      page: () => Promise.resolve({ items: [settledCall()], next: null }),
    },
    failedCalls: {
      page: () => Promise.resolve({ items: [settledCall()], next: null }),
    },
    quotas: { list: () => Promise.resolve({ items: [], next: null }) },
    quotaClearing: {
      ofAccount: () => Promise.resolve({ usedThisMonth: 1, remainingThisMonth: 9 }),
      ofComponent: () => Promise.resolve({ usedThisMonth: 2, remainingThisMonth: 8 }),
    },
    quotaEvents: { end: () => Promise.resolve(`${COMPONENT}=0-0`), after: () => Promise.resolve([]) },
    authorizers: {
      countActive: () => Promise.resolve(2),
      find: (appid) =>
        appid === ACCOUNT
          ? Promise.resolve(authorizer())
          : Promise.reject(new Failure('unknown_authorizer', 'fix-request', 'no such account')),
      findActive: async (appid, component) => {
        const found = await fake.authorizers.find(appid, component);
        if (found.state === 'active') return found;
        throw new ReauthorizeFailure(found.component, appid, found.state, LINK);
      },
      list: () => Promise.resolve({ items: [authorizer()], next: null }),
      totals: () =>
        Promise.resolve({
          total: 3,
          byState: { active: 2, 'needs-reauthorization': 1, revoked: 0 },
          byKind: { 'official-account': 3, 'mini-program': 0, unknown: 0 },
          at: new Date('2026-11-02T00:00:00Z'),
        }),
      history: () => Promise.resolve({ items: [], next: null }),
      consenting: (_component, accounts) => Promise.resolve(accounts.includes(ACCOUNT) ? [authorizer()] : []),
      findByHandle: (handle) => Promise.resolve(handle === authorizer().handle ? [authorizer()] : []),
      setHandle: async (appid, component, handle) => ({ ...(await fake.authorizers.find(appid, component)), handle }),
    },
    accountNames: {
      of: async () => (account) => {
        const { handle, nickName } = authorizer();
        return account.appid === ACCOUNT ? { handle, nickName } : { handle: null, nickName: null };
      },
    },
    accountActivities: { of: (accounts) => Promise.resolve(accounts.map(() => noActivity)) },
    laneViews: {
      find: async (appid, component) => {
        await fake.authorizers.find(appid, component);
        return { depth: 0, oldestAt: null, inFlight: 0, parked: 0, orderKeys: 0, waitingFor: [] };
      },
    },
    componentViews: {
      all: () => Promise.resolve([componentView()]),
      find: (appid) =>
        appid === COMPONENT
          ? Promise.resolve(componentView())
          : Promise.reject(new Failure('unknown_component', 'fix-request', 'no such component')),
    },
    authorizerOptions: { get: () => Promise.resolve('0'), set: () => Promise.resolve() },
    jsTickets: {
      async sign({ appid, component }, url) {
        await fake.authorizers.findActive(appid, component);
        const signature = createHash('sha1').update(url).digest('hex');
        return { appId: appid, timestamp: 1_414_587_457, nonceStr: 'Wm3WZYTPz0wzccnW', signature };
      },
      async get({ appid, component }, type) {
        const found = await fake.authorizers.findActive(appid, component);
        return {
          owner: { kind: type === 'jsapi' ? 'jsapi-ticket' : 'wx-card-ticket', component: found.component, appid },
          value: `ticket of ${type}`,
          version: 1,
          trustedUntil: new Date(Date.now() + 7_000_000),
        };
      },
    },
    authorizationLinks: {
      create: (component, options, expiresInMs) => Promise.resolve(link({ ...options, component }, expiresInMs)),
      find: (id) =>
        id === LINK
          ? Promise.resolve(link({}))
          : Promise.reject(new Failure('unknown_link', 'fix-request', 'no such link')),
      list: () => Promise.resolve({ items: [link({})], next: null }),
    },
    consents: {
      start: () => Promise.resolve({ url: 'https://mp.weixin.qq.com/cgi-bin/componentloginpage?a=1&b=2' }),
      comeBack: () => Promise.resolve({ outcome: 'authorized', appid: ACCOUNT, returnTo: null }),
      createPreAuthCode: () => Promise.resolve({ preAuthCode: 'preauthcode@@@1', expiresInMs: 1_800_000 }),
    },
    codeExchange: { run: () => Promise.resolve({ outcome: 'authorized', appid: ACCOUNT, profile: 'asked' }) },
    virtualCodes: { read: () => ({ verdict: 'foreign' }) },
    releaseChecks: {
      find: () => Promise.resolve(releaseCheck()),
      list: () => Promise.resolve({ items: [releaseCheck()], next: null }),
    },
    rehearsals: {
      start: () => Promise.resolve(releaseCheck()),
      consoleSettings: (_component, publicUrl) => [
        { name: 'event_url', value: `${publicUrl}/events`, isSecret: false, detail: { zh: '事件', en: 'events' } },
        { name: 'token', value: 'the-token', isSecret: true, detail: { zh: '令牌', en: 'token' } },
      ],
    },
    reconciliations: {
      begin: (component, reason) => Promise.resolve({ run: reconciliation({ component, reason }), isNew: true }),
      find: () => Promise.resolve(reconciliation({})),
      list: () => Promise.resolve({ items: [reconciliation({})], next: null }),
    },
    components: [COMPONENT],
    demandReady: () => Promise.resolve(),
    followers: {} as GatewayPlatform['followers'],
    followerSyncs: {} as GatewayPlatform['followerSyncs'],
    subscriptions: {
      create: () => Promise.resolve(subscription()),
      ...{ find: unexpected, list: unexpected, change: unexpected, delete: unexpected, rotateSecrets: unexpected },
    },
    subscriptionPauses: {} as GatewayPlatform['subscriptionPauses'],
    deliveries: {
      nextAttemptAt: () => Promise.resolve(null),
      backlog: () => Promise.resolve({ pending: 0, atLeast: false, oldestAt: null }),
      ...{ list: unexpected, find: unexpected, retry: unexpected },
      ...{ findPush: unexpected, matching: unexpected, replayPush: unexpected },
    },
    deliveryTests: {} as GatewayPlatform['deliveryTests'],
    replays: {} as GatewayPlatform['replays'],
    componentTickets: { request: () => Promise.resolve() },
    journal: {} as GatewayPlatform['journal'],
    requestErasure: () => Promise.resolve('running'),
    subscriptionCounts: () => ({ active: 2, failing: 1, paused: 0 }),
    apiKeys: {
      recognize: (text) => Promise.resolve(given.get(text)),
      find: (id) => Promise.resolve([...given.values()].find((key) => key.id === id)),
      namesOf: (ids) =>
        Promise.resolve(
          new Map([...given.values()].filter(({ id }) => ids.includes(id)).map(({ id, name }) => [id, name])),
        ),
      nameOf: (id) => Promise.resolve([...given.values()].find((key) => key.id === id)?.name),
      admit: () => Promise.resolve(),
      create: (input, by) => {
        const key = apiKey({ ...input, createdBy: by.id });
        return Promise.resolve({ key, text: 'wxk_the-key' });
      },
      list: () => Promise.resolve({ items: [...given.values()], next: null }),
      revoke: (id) => Promise.resolve([...given.values()].some((key) => key.id === id) ? 'revoked' : 'unknown'),
    },
    operatorSessions: fakeSessions(),
    signInAttempts: { take: () => Promise.resolve(), giveBack: () => Promise.resolve() },
    userTokens: { find: () => Promise.resolve(undefined) },
    audit: {
      note: (actor, action, target = null) => {
        audited.push({ actor, action, target });
        return Promise.resolve();
      },
      list: () => Promise.resolve({ items: [], next: null }),
    },
    status: () => Promise.resolve({ ready: true, pushes: emptyStream, components: [] }),
    activity: { add: async () => ({ counted: [], refusals: new Map() }), lastMinutes: unexpected },
    activityHistories: {
      read: ({ hours }) => {
        const none = Array.from({ length: hours * 12 }, () => 0);
        return Promise.resolve({
          from: new Date(0),
          stepMs: 300_000,
          calls: { completed: none, failed: none },
          pushes: { accepted: none, failed: none },
          deliveries: { delivered: none, failed: none },
        });
      },
    },
    alarms: {
      list: () => Promise.resolve({ items: [], next: null }),
      channels: () => Promise.resolve([]),
      test: unexpected,
    },
    queues: [],
    health: () => Promise.resolve({ redis: true, database: true }),
    clockAheadMs: () => Promise.resolve(0),
    examine: async ({ only }) =>
      (only ?? ['redis' as const]).map((name) => ({
        ...{ name, status: 'fail' as const, code: 'eviction', found: '127.0.0.1:6379', also: [], ms: 3 },
        cause: { zh: '会删除键', en: 'removes keys' },
        remedy: { zh: '请设置', en: 'set it' },
        command: 'redis-cli config set maxmemory-policy noeviction',
      })),
    doctorNonce: async (id) => (id === 'known' ? 'the-value' : undefined),
    redisServers: async () => ({ answering: ['127.0.0.1:6379'], missing: [] }),
    processes: async () => [],
    queueStates: async () => [],
    liveWorkers: async () => 0,
    redisState: async () => ({
      kind: 'standalone',
      servers: [],
      minReplicasToWrite: null,
      evictionPolicy: null,
      aof: null,
    }),
    describeRedis: async () => ({ kind: 'standalone', servers: [] }),
  };
  return fake;
}

export function componentView(changes: Partial<ComponentView> = {}): ComponentView {
  return {
    appid: COMPONENT,
    ready: true,
    reasons: [],
    lastPushAt: null,
    pushes: noPushes,
    refusedPushes: [],
    ticket: null,
    token: null,
    refusedIp: null,
    quotas: [],
    lastReconciliation: null,
    ...changes,
  };
}

function releaseCheck(): ReleaseCheck {
  const startedAt = new Date('2026-11-22T10:00:00Z');
  const step = {
    name: 'ticket',
    state: 'failed',
    code: 'too_slow',
    ms: 5_000,
    expected: 'success',
    got: null,
  } as const;
  const owner = { component: COMPONENT, kind: 'rehearsal', appid: null } as const;
  return { id: 'rc_1', ...owner, state: 'running', startedAt, finishedAt: null, steps: [step] };
}

export const LINK = 'a'.repeat(40);

export function link(changes: Partial<AuthorizationLink>, expiresInMs = 60_000): AuthorizationLink {
  const createdAt = new Date('2026-11-22T10:00:00Z');
  return {
    id: LINK,
    component: COMPONENT,
    state: 'pending',
    appid: null,
    failure: null,
    style: null,
    authType: 3,
    bizAppid: null,
    categoryIdList: null,
    returnTo: null,
    handle: null,
    createdAt,
    expiresAt: new Date(createdAt.getTime() + expiresInMs),
    openedAt: null,
    settledAt: null,
    ...changes,
  };
}

export function reconciliation(changes: {
  component?: string | undefined;
  reason?: Reconciliation['reason'];
}): Reconciliation {
  return {
    id: 'r1',
    component: changes.component ?? COMPONENT,
    reason: changes.reason ?? 'requested',
    state: 'queued',
    phase: 'listing',
    listOffset: 0,
    missingAfter: '',
    total: null,
    seen: 0,
    added: 0,
    changed: 0,
    revoked: 0,
    error: null,
    createdAt: new Date('2026-11-22T10:00:00Z'),
    startedAt: null,
    finishedAt: null,
  };
}

export function apiKey(changes: Partial<ApiKey> = {}): ApiKey {
  return {
    id: '0123456789abcdef',
    name: 'shop',
    scopes: ['calls'],
    accounts: [],
    paths: [],
    ratePerSecond: null,
    expiresAt: null,
    createdAt: new Date('2026-11-22T10:00:00Z'),
    createdBy: 'API_KEY',
    revokedAt: null,
    lastUsedAt: null,
    ...changes,
  };
}

export function authorizer(changes: Partial<Authorizer> = {}): Authorizer {
  return {
    component: COMPONENT,
    appid: ACCOUNT,
    kind: 'official-account',
    nickName: '茶馆',
    userName: 'gh_1',
    headImg: null,
    principalName: null,
    alias: null,
    serviceType: null,
    verifyType: null,
    accountStatus: null,
    profileAt: null,
    isTest: false,
    state: 'active',
    scopes: [1, 7],
    handle: 'h1',
    cookieValue: 'cookie-of-1',
    authorizedAt: new Date('2026-11-01T00:00:00Z'),
    updatedAt: new Date('2026-11-02T00:00:00Z'),
    ...changes,
  };
}

export function settledCall(changes: Partial<Call> = {}): Call {
  return {
    id: 'call-1',
    component: COMPONENT,
    appid: ACCOUNT,
    method: 'GET',
    path: '/cgi-bin/user/get',
    requestBytes: 0,
    background: false,
    keyId: null,
    state: 'completed',
    attempts: 1,
    createdAt: new Date('2026-11-22T10:00:00Z'),
    deadlineAt: new Date('2026-11-22T10:10:00Z'),
    notBeforeAt: null,
    settledAt: new Date('2026-11-22T10:00:01Z'),
    response: answered('{"errcode":0,"errmsg":"ok"}'),
    answered: { status: 200, errcode: 0, rid: null, bytes: 27 },
    failure: null,
    quota: { used: 1, limit: 500, remaining: 499, closedUntil: null },
    ...changes,
  };
}

export function runningCall(): Call {
  return settledCall({ state: 'running', settledAt: null, response: null, answered: null });
}

export function answered(body: string | Buffer, headers: Record<string, string> = {}): Call['response'] {
  return {
    status: 200,
    headers: { 'content-type': 'application/json; encoding=utf-8', ...headers },
    body: Buffer.from(body as string),
  };
}

/** As the platform does: undefined when the time is over or the waiting is ended. */
export function neverSettles(_id: string, waitMs: number, signal?: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve(undefined);
    const timer = setTimeout(() => resolve(undefined), waitMs);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve(undefined);
    });
  });
}

export function subscription(changes: Partial<Subscription> = {}): Subscription {
  const at = new Date('2026-11-28T10:00:00.000Z');
  return {
    ...{ id: 'sub_1', name: 'orders', url: 'https://app.example.com/wx?key=1', messageUrl: null, format: 'json' },
    ...{ mode: null, component: null, filter: { types: ['message.*'] }, reply: null, maxInFlight: 10 },
    ...{ timeoutMs: 15_000, giveUpAfterMs: null, state: 'active', reason: null, failures: 3, failingSince: null },
    ...{ probeAt: at, holdUntil: at, ticketAt: null, lastSuccessAt: at, behindSince: null, lastTicket: null },
    lastFailure: { code: 'status', status: 500, at },
    secrets: { signing: [{ secret: Buffer.alloc(32, 1), until: null }], wechat: null },
    ...{ createdBy: 'API_KEY', createdAt: at, updatedAt: at },
    ...changes,
  };
}

function unexpected(): Promise<never> {
  return Promise.reject(new Error('not expected'));
}

function fakeSessions(): Changeable<GatewayPlatform['operatorSessions']> {
  const started = new Map<string, OperatorSession>();
  let count = 0;
  return {
    start: (actor) => {
      const secret = `${++count}`.padStart(43, 's');
      const expiresAt = new Date(Date.now() + 3_600_000);
      started.set(secret, {
        expiresAt,
        actor:
          actor.kind === 'owner'
            ? { kind: 'owner', signedInWith: (name, password) => name === actor.name && password === actor.password }
            : actor,
      });
      return Promise.resolve({ secret, expiresAt });
    },
    find: (secret) => Promise.resolve(started.get(secret)),
    end: (secret) => {
      started.delete(secret);
      return Promise.resolve();
    },
  };
}
