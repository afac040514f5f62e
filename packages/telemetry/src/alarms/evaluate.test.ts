import type { ActivityCounts, ComponentStatus, RedisServers } from '@wxthirdparty/platform';
import { describe, expect, it } from 'vitest';
import { evaluate } from './evaluate.ts';
import type { ComponentReadings, LocalReadings, Readings } from './readings.ts';
import { type RuleName, rules } from './rules.ts';

const NOW = Date.parse('2026-11-29T06:00:00.000Z');
const MINUTE_MS = 60_000;
const ago = (minutes: number) => new Date(NOW - minutes * MINUTE_MS);
const inMinutes = (minutes: number) => new Date(NOW + minutes * MINUTE_MS);

const none: ActivityCounts = {
  ...{ accepted: 0, duplicates: 0, unreadable: 0, wrongAccount: 0, tooOld: 0, refused: 0, unavailable: 0 },
  ...{ answeredSlowly: 0, callsCompleted: 0, callsFailed: 0, callsOutcomeUnknown: 0, callsTokenRefused: 0 },
  ...{ refreshesStored: 0, refreshesFailed: 0, deliveriesDelivered: 0, deliveriesFailed: 0 },
};

const status: ComponentStatus = {
  ...{ appid: 'wxc', ready: true, reasons: [], lastPushAt: ago(3), refusedPushes: [] },
  ticket: { receivedAt: ago(3), expiresAt: inMinutes(700) },
  token: { version: 1, expiresAt: inMinutes(60), failure: null },
};

const healthy: ComponentReadings = {
  ...{ component: 'wxc', status, last5: none, last10: none },
  quotas: { warned: { accounts: 0, atLeast: false }, closed: { accounts: 0, atLeast: false } },
  ...{ lastReconciliationFailed: false, earlyRefusals: 0 },
};

const local: LocalReadings = {
  ...{ addressRefused: [], stalledJobs: new Map(), missingMasters: [], isUnconfirmed: false },
  ...{ databaseOutMs: undefined, freeDiskBytes: 50e9, lagMs: 5 },
  certificate: { host: 'wx.example.com', endsAt: inMinutes(60 * 24 * 80) },
};

const redis: RedisServers = {
  kind: 'sentinel',
  servers: [
    { address: 'h1:1', role: 'primary', up: true, memory: { used: 1, max: 10 }, replicas: 1, lagMs: null },
    { address: 'h2:1', role: 'replica', up: true, memory: null, replicas: null, lagMs: 0 },
  ],
  ...{ minReplicasToWrite: 1, evictionPolicy: 'noeviction', aof: true },
};

const node = { id: 'p1', role: 'node', version: '1.4.0', startedAt: ago(9), heartbeatAt: ago(0) } as const;

const all: Readings = {
  ...{ now: NOW, components: [healthy], overdueMs: 0, pushStream: { waiting: 3, oldestMs: 20 } },
  queues: [
    { name: 'calls', waiting: 1, oldestMs: 500 },
    { name: 'lanes', waiting: 1, oldestMs: 40 * MINUTE_MS },
    { name: 'push-stream', waiting: 3, oldestMs: 20 },
  ],
  processes: [{ ...node, address: 'h1:3000', lagMs: 1 }],
  ...{ lost: [], redis, pausedSubscriptions: 0, local },
};

const component = (changes: Partial<ComponentReadings>): Partial<Readings> => ({
  components: [{ ...healthy, ...changes }],
});
const statusWith = (changes: Partial<ComponentStatus>) => component({ status: { ...status, ...changes } });
const last5 = (changes: Partial<ActivityCounts>) => component({ last5: { ...none, ...changes } });
const locally = (changes: Partial<LocalReadings>): Partial<Readings> => ({ local: { ...local, ...changes } });
const failure = { code: 'x', remedy: 'operator', message: 'no', at: ago(1) } as const;
const refused = { count: 3, since: ago(5), lastAt: ago(1), remedy: 'operator', message: '' } as const;

const found = (changes: Partial<Readings>) => evaluate({ ...all, ...changes }, 'https://wx.example.com');

/** What is found, and what is just not found. */
const CASES: readonly (readonly [expected: readonly RuleName[], changes: Partial<Readings>])[] = [
  [[], {}],
  [['component_not_ready'], statusWith({ ready: false, reasons: ['no_ticket'], ticket: null })],
  [[], statusWith({ ticket: { receivedAt: ago(25), expiresAt: inMinutes(600) } })],
  [['ticket_late'], statusWith({ ticket: { receivedAt: ago(26), expiresAt: inMinutes(600) } })],
  [['ticket_late', 'ticket_missing'], statusWith({ ticket: { receivedAt: ago(61), expiresAt: inMinutes(600) } })],
  [['ticket_ending'], statusWith({ ticket: { receivedAt: ago(3), expiresAt: inMinutes(119) } })],
  [['component_token_failing'], statusWith({ token: { ...status.token!, failure: { ...failure, errcode: -1 } } })],
  [
    ['component_token_failing', 'secret_wrong'],
    statusWith({ token: { ...status.token!, failure: { ...failure, errcode: 40_125 } } }),
  ],
  [['address_refused'], locally({ addressRefused: ['wxc'] })],
  [[], component({ earlyRefusals: 1 })],
  [['second_system'], component({ earlyRefusals: 2 })],
  [[], last5({ refreshesStored: 95, refreshesFailed: 5 })],
  [['refreshes_failing'], last5({ refreshesStored: 94, refreshesFailed: 6 })],
  [[], last5({ refreshesStored: 0, refreshesFailed: 4 })],
  [[], { overdueMs: 5 * MINUTE_MS }],
  [['refreshes_overdue'], { overdueMs: 5 * MINUTE_MS + 1 }],
  [['tokens_refused'], last5({ callsCompleted: 400, callsTokenRefused: 5 })],
  [[], last5({ callsCompleted: 500, callsTokenRefused: 5 })],
  [['pushes_answered_slowly'], last5({ accepted: 400, answeredSlowly: 5 })],
  [[], last5({ refused: 50 })],
  [['pushes_refused'], last5({ refused: 51 })],
  [['pushes_refused'], statusWith({ refusedPushes: [{ reason: 'decryption', ...refused }] })],
  [[], statusWith({ refusedPushes: [{ reason: 'signature', ...refused }] })],
  [['pushes_refused'], statusWith({ lastPushAt: ago(12), refusedPushes: [{ reason: 'signature', ...refused }] })],
  [['pushes_refused'], statusWith({ lastPushAt: null, refusedPushes: [{ reason: 'signature', ...refused }] })],
  [[], { pushStream: { waiting: 1, oldestMs: MINUTE_MS } }],
  [['push_stream_late'], { pushStream: { waiting: 1, oldestMs: MINUTE_MS + 1 } }],
  [[], last5({ deliveriesDelivered: 20, deliveriesFailed: 5 })],
  [['deliveries_failing'], last5({ deliveriesDelivered: 19, deliveriesFailed: 5 })],
  [['subscription_paused'], { pausedSubscriptions: 1 }],
  [['outcome_unknown'], component({ last10: { ...none, callsOutcomeUnknown: 1 } })],
  [
    ['quota_warning', 'quota_closed'],
    component({ quotas: { warned: { accounts: 2, atLeast: false }, closed: { accounts: 1_000, atLeast: true } } }),
  ],
  [[], { queues: [{ name: 'calls', waiting: 1, oldestMs: 30_000 }] }],
  [['queue_late'], { queues: [{ name: 'calls', waiting: 1, oldestMs: 30_001 }] }],
  [['queue_late'], { queues: [{ name: 'lanes', waiting: 1, oldestMs: 61 * MINUTE_MS }] }],
  [['jobs_stalled'], locally({ stalledJobs: new Map([['calls', 2]]) })],
  [['process_lost'], { lost: [{ id: 'p2', role: 'worker', address: 'h2' }] }],
  [['versions_differ'], { processes: [...all.processes!, { ...all.processes![0]!, id: 'p2', version: '1.5.0' }] }],
  [['redis_server_down'], { redis: { ...redis, servers: [redis.servers[0]!, { ...redis.servers[1]!, up: false }] } }],
  [['redis_server_down'], locally({ missingMasters: ['h3:1'] })],
  [
    ['redis_memory'],
    { redis: { ...redis, servers: [{ ...redis.servers[0]!, memory: { used: 81, max: 100 } }, redis.servers[1]!] } },
  ],
  [['redis_no_replica'], { redis: { ...redis, servers: [{ ...redis.servers[0]!, replicas: 0 }] } }],
  [[], { redis: { ...redis, minReplicasToWrite: 0, servers: [{ ...redis.servers[0]!, replicas: 0 }] } }],
  [['redis_no_replica'], locally({ isUnconfirmed: true })],
  [['redis_eviction'], { redis: { ...redis, evictionPolicy: 'allkeys-lru' } }],
  [['database_unreachable'], locally({ databaseOutMs: 70_000 })],
  [['reconciliation_failed'], component({ lastReconciliationFailed: true })],
  [['disk_low'], locally({ freeDiskBytes: 1.9e9 })],
  [['event_loop_late'], locally({ lagMs: 201 })],
  [['certificate_ending'], locally({ certificate: { host: 'wx.example.com', endsAt: inMinutes(60 * 24 * 13) } })],
];

it.each(CASES)('%j is found', (expected, changes) => {
  expect(found(changes).map(({ rule }) => rule)).toEqual(expected);
});

it('every rule is found by one of these, but for those that are sent without Redis', () => {
  const withoutRedis: RuleName[] = ['redis_unreachable', 'redis_foreign'];
  const named = new Set([...CASES.flatMap(([expected]) => expected), ...withoutRedis]);
  expect([...named].toSorted()).toEqual(Object.keys(rules).toSorted());
});

it('what cannot be read is no fault', () => {
  const unknown: ComponentReadings = {
    ...{ component: 'wxc', status: undefined, last5: undefined, last10: undefined, quotas: undefined },
    ...{ lastReconciliationFailed: undefined, earlyRefusals: undefined },
  };
  expect(
    found({
      ...{ components: [unknown], overdueMs: undefined, pushStream: undefined, queues: undefined },
      ...{ processes: undefined, lost: undefined, redis: undefined, pausedSubscriptions: undefined },
      local: { ...local, freeDiskBytes: undefined, certificate: undefined },
    }),
  ).toEqual([]);
});

describe('a report', () => {
  const reports = CASES.flatMap(([, changes]) => found(changes));

  it('says what happened and what to do, in Chinese and English', () => {
    for (const { cause, remedy, link } of reports) {
      for (const text of [cause, remedy]) {
        expect(text.zh).toMatch(/\p{Script=Han}.*。$/u);
        expect(text.en).toMatch(/^[^\p{Script=Han}]+\.$/u);
        expect(text.zh + text.en).not.toMatch(/undefined|NaN|Infinity|\[object/);
      }
      expect(link).toMatch(/^https:\/\/wx\.example\.com\/admin\//);
    }
  });

  it('has one key for one fault, whichever process finds it', () => {
    const disks = [1e9, 0.5e9].map((freeDiskBytes) => found(locally({ freeDiskBytes }))[0]);
    expect(disks.map((one) => one?.key)).toEqual(['disk_low', 'disk_low']);
    expect(disks.map((one) => one?.note)).toEqual(['1.0 GB', '0.5 GB']);
    expect(found(locally({ addressRefused: ['wxc', 'wxd'] })).map(({ key }) => key)).toEqual([
      ...['address_refused:wxc', 'address_refused:wxd'],
    ]);
  });

  it('has no link without PUBLIC_URL', () => {
    expect(evaluate({ ...all, ...locally({ lagMs: 900 }) }, undefined)[0]?.link).toBeNull();
  });
});
