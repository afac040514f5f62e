import { Failure } from '@wxthirdparty/wechat';
import { describe, expect, it } from 'vitest';
import { Components } from '../../component/components.ts';
import type { ServerReport } from '../../redis/server-report.ts';
import type { OutboundResult } from '../../webhook/outbound-request.ts';
import type { Fault } from '../finding.ts';
import { isSimulated } from '../is-simulated.ts';
import { judgeClocks } from './clocks.ts';
import { judgeComponent } from './component.ts';
import { judgeFailure } from './component-token.ts';
import { judgeFolder } from './data-dir.ts';
import { judgeServer as judgeDatabase, judgeHosts as judgeMachines, judgeSchema } from './database.ts';
import { judgeHosts, judgeRefreshers } from './egress.ts';
import { judgeAnswer } from './public-url.ts';
import { judgePush } from './push-url.ts';
import { judgeDue, judgeQueues, judgeReconciliation } from './queues.ts';
import { judgeCluster, judgeMark, judgeMasters } from './redis.ts';
import { judgeMemory } from './redis-memory.ts';
import { judgeServer } from './redis-settings.ts';
import { judgeRefusals } from './second-system.ts';
import { judgeKeys } from './secrets-key.ts';
import { type Arrivals, judgeArrivals } from './ticket.ts';
import { judgeVersions } from './versions.ts';

const MINUTE_MS = 60_000;
const GB = 1024 ** 3;
const typed = (command: string) => `wx ${command}`;

/** The codes of the faults; those that only warn are in parentheses. */
function codes(faults: readonly Fault[]): string[] {
  for (const { cause, remedy } of faults) {
    for (const text of [cause.en, cause.zh, remedy.en, remedy.zh]) expect(text).not.toBe('');
  }
  return faults.map(({ code, status }) => (status === 'warn' ? `(${code})` : code));
}

describe('data-dir', () => {
  const folder = {
    ...{ path: '/d', refusal: undefined, freeBytes: 3 * GB, type: 0xef53 },
    ...{ hasSqlite: true, isWritten: true },
  };
  it.each([
    [{}, []],
    [{ refusal: 'EACCES' }, ['not_writable']],
    // A node with MySQL writes nothing there.
    [{ refusal: 'EROFS', isWritten: false }, []],
    [{ freeBytes: 2 * GB - 1 }, ['disk_full']],
    [{ type: 0x6969 }, ['sqlite_on_network']],
    [{ type: 0x6969, hasSqlite: false }, []],
  ])('judges %o', (changes, expected) => {
    expect(codes(judgeFolder({ ...folder, ...changes }))).toEqual(expected);
  });
});

describe('secrets-key', () => {
  const under = (keyIndex: number) => ({ what: 'grants', count: 3, keyIndex });
  it.each([
    [[under(0)], 1, []],
    [[under(-1), under(0)], 1, ['unsealable']],
    [[under(0), under(1)], 2, []],
    [[under(0)], 2, ['(unused_key)']],
    [[under(1)], 2, []],
    // A new deployment has nothing by which it could be judged.
    [[], 2, []],
  ])('judges what is sealed under %o of %i keys', (sealed, keys, expected) => {
    expect(codes(judgeKeys(sealed, keys, typed))).toEqual(expected);
  });
});

describe('redis', () => {
  it('names another deployment and another key', () => {
    expect(codes(judgeMark('own', 'wx', typed))).toEqual([]);
    expect(codes(judgeMark('none', 'wx', typed))).toEqual([]);
    expect(judgeMark('other-deployment', 'wx', typed)).toMatchObject([
      { code: 'foreign_redis', command: 'wx adopt-redis' },
    ]);
    expect(codes(judgeMark('other-key', 'wx', typed))).toEqual(['foreign_key']);
  });

  it('names masters that do not answer', () => {
    expect(codes(judgeMasters([]))).toEqual([]);
    expect(judgeMasters(['h2:6379'])[0]?.cause.zh).toContain('h2:6379');
  });

  it('requires version 7 of a Cluster', () => {
    const server = { address: 'a:1', mode: 'cluster', isReplica: false, replicas: 1, minReplicasToWrite: 0 } as const;
    const of = (version: string) => [{ ...server, version, maxmemoryPolicy: 'noeviction', appendOnly: true }];
    expect(codes(judgeCluster({ kind: 'cluster', servers: of('6.2.14') }))).toEqual(['redis_too_old']);
    expect(codes(judgeCluster({ kind: 'cluster', servers: of('7.0.0') }))).toEqual([]);
    expect(codes(judgeCluster({ kind: 'standalone', servers: of('6.2.14') }))).toEqual([]);
  });
});

describe('redis-settings', () => {
  const server: ServerReport = {
    ...{
      address: 'h:6379',
      isReplica: false,
      maxmemoryPolicy: 'noeviction',
      appendOnly: true,
      appendFsync: 'everysec',
    },
    ...{ isAppendFailing: false, replicas: 0, maxLagS: 0, minReplicasToWrite: 0, usedMemory: 1, maxMemory: 2 },
  };
  it.each<[Partial<ServerReport>, 'standalone' | 'sentinel' | 'cluster', string[]]>([
    [{}, 'standalone', []],
    [{ maxmemoryPolicy: 'volatile-lru' }, 'standalone', ['eviction']],
    [{ appendOnly: false }, 'standalone', ['append_only_off']],
    [{ isAppendFailing: true }, 'standalone', ['append_failing']],
    [{ appendFsync: 'no' }, 'standalone', ['(append_fsync)']],
    [{ appendFsync: 'always' }, 'standalone', ['(append_fsync)']],
    [{ appendFsync: undefined }, 'standalone', []],
    [{ isReplica: true }, 'standalone', ['read_only']],
    [{}, 'sentinel', ['(no_replica)']],
    [{ minReplicasToWrite: 1 }, 'standalone', ['(no_replica)']],
    [{ replicas: 2, minReplicasToWrite: 1, maxLagS: 3 }, 'sentinel', ['(replication_lag)']],
    [{ replicas: 2 }, 'cluster', ['(min_replicas)']],
    [{ replicas: 2, minReplicasToWrite: undefined }, 'sentinel', []],
  ])('judges %o of a %s', (changes, kind, expected) => {
    expect(codes(judgeServer({ ...server, ...changes }, kind))).toEqual(expected);
  });
});

it.each([
  [80, []],
  [81, ['(memory_high)']],
  [96, ['memory_full']],
])('redis-memory judges %i %%', (usedMemory, expected) => {
  expect(codes(judgeMemory({ address: 'h:1', usedMemory, maxMemory: 100 }, 'call 90 %'))).toEqual(expected);
});

it.each([
  [500, -30_000, []],
  [-501, 0, ['clock_redis']],
  [0, 30_001, ['clock_wechat']],
  [undefined, undefined, []],
])('clocks judges %s ms to Redis and %s ms to WeChat', (redisMs, wechatMs, expected) => {
  expect(codes(judgeClocks(redisMs, wechatMs))).toEqual(expected);
});

describe('database', () => {
  const schema = { pending: [], unknown: [], version: 9, floor: 5 };
  it.each([
    [{}, []],
    [{ pending: ['0009-x'] }, ['migrations_pending']],
    [{ floor: 10, unknown: ['0010-x'] }, ['program_too_old']],
    // A newer version has only added to it.
    [{ unknown: ['0010-x'] }, []],
  ])('judges the schema %o', (changes, expected) => {
    expect(codes(judgeSchema({ ...schema, ...changes }, typed))).toEqual(expected);
  });

  const server = {
    ...{ version: '10', maxPacketBytes: 16 * 1024 ** 2, otherCollations: [] },
    connections: { needed: 120, permitted: 150 },
  };
  it.each([
    [{}, []],
    [{ otherCollations: ['followers.openid'] }, ['collation']],
    [{ maxPacketBytes: 1024 }, ['packet_size']],
    [{ connections: { needed: 132, permitted: 150 } }, ['(connections)']],
  ])('judges the server %o', (changes, expected) => {
    expect(codes(judgeDatabase({ ...server, ...changes }))).toEqual(expected);
  });

  it('refuses SQLite on two machines, not in two containers of one', () => {
    const host = (address: string, machine: string) => ({ address, machine });
    expect(codes(judgeMachines([host('c1', 'm'), host('c2', 'm'), {}]))).toEqual([]);
    expect(codes(judgeMachines([host('h1', 'm1'), host('h2', 'm2')]))).toEqual(['sqlite_on_hosts']);
  });
});

it('component names an AppID of another form', () => {
  const of = (appid: string) =>
    new Components([{ appid, appsecret: 's', token: 'aToken', encodingAesKey: 'a'.repeat(43) }]).get(appid);
  expect(codes(judgeComponent(of('wx0123456789abcdef')))).toEqual([]);
  expect(codes(judgeComponent(of('gh_0123456789')))).toEqual(['appid_form']);
});

describe('ticket', () => {
  const arrivals: Arrivals = {
    ...{ appid: 'wxc', receivedAgoMs: 5 * MINUTE_MS, isExpired: false, lastPushAgoMs: 5 * MINUTE_MS },
    ...{ refused: [], lastRefusal: null },
  };
  const refused = (reason: Arrivals['refused'][number]['reason']) => [{ reason, count: 3 }];
  it.each<[Partial<Arrivals>, string[]]>([
    [{}, []],
    [{ receivedAgoMs: undefined, lastPushAgoMs: undefined }, ['no_ticket']],
    [{ receivedAgoMs: 26 * MINUTE_MS, lastRefusal: { status: 503, reason: 'unavailable' } }, ['ticket_late']],
    [{ isExpired: true }, ['ticket_expired']],
    // Only WeChat can cause the first two.
    [{ refused: refused('decryption') }, ['pushes_refused_decryption']],
    [{ refused: refused('appid') }, ['pushes_refused_appid']],
    [{ refused: refused('signature') }, ['(pushes_refused_signature)']],
    [{ refused: refused('envelope') }, ['(pushes_refused_envelope)']],
    [{ refused: refused('signature'), receivedAgoMs: 26 * MINUTE_MS }, ['pushes_refused_signature']],
  ])('judges %o', (changes, expected) => {
    expect(codes(judgeArrivals({ ...arrivals, ...changes }, 'https://p/wechat/wxc/events'))).toEqual(expected);
  });

  it('shows the URL to enter and the last answer', () => {
    const late = { ...arrivals, receivedAgoMs: 26 * MINUTE_MS, lastRefusal: { status: 503, reason: 'unavailable' } };
    const [fault] = judgeArrivals(late, 'https://p/wechat/wxc/events');
    expect(fault?.cause.en).toContain('answered 503 (unavailable)');
    expect(fault?.remedy.zh).toContain('https://p/wechat/wxc/events');
  });
});

it.each([
  [new Failure('ip_not_allowed', 'operator', 'requestIP: 60.221.*.* rid: 1', { errcode: 61_004 }), 'address_refused'],
  [new Failure('component_refused', 'operator', 'no', { errcode: 40_125 }), 'secret_refused'],
  [new Failure('component_refused', 'operator', 'no', { errcode: 40_001 }), 'secret_refused'],
  [new Failure('token_refused', 'refresh-token', 'no', { errcode: 40_001 }), 'errcode_40001'],
  [new Failure('x', 'retry', 'no', { errcode: 61_005 }), 'ticket_refused'],
  [new Failure('x', 'retry', 'no', { errcode: 61_006 }), 'ticket_refused'],
  [new Failure('no_ticket', 'retry', 'no'), 'no_ticket'],
  [new Failure('wechat_unreachable', 'retry', 'no'), 'wechat_unreachable'],
  [new Failure('x', 'operator', 'no', { errcode: 61_011 }), 'errcode_61011'],
])('component-token judges %o as %s', (failure, expected) => {
  const fault = judgeFailure('wxc', failure);
  expect(codes([fault])).toEqual([expected]);
  if (expected === 'address_refused') expect(fault.cause.en).toContain('60.221.*.*');
});

describe('egress', () => {
  const ok = { host: 'api', ms: 90, failure: undefined };
  const failed = (reason: string, isProxy = false) => ({
    ...{ host: 'api2', ms: 9, failure: { code: 'wechat_unreachable', isProxy, reason } },
  });
  it.each([
    [[ok, ok], false, []],
    [[ok, failed('connect ETIMEDOUT')], false, ['wechat_unreachable']],
    [[failed('self-signed certificate in certificate chain')], false, ['wechat_tls']],
    [[{ ...ok, ms: 2_001 }], false, ['(wechat_slow)']],
    [[failed('connect ECONNREFUSED', true), failed('connect ECONNREFUSED', true)], true, ['proxy_unreachable']],
  ])('judges %o', (hosts, hasProxy, expected) => {
    expect(codes(judgeHosts(hosts, hasProxy))).toEqual(expected);
  });

  it('names the processes that cannot ask WeChat', () => {
    const of = (host: string | undefined, why: string | undefined) => ({ appid: 'wxc', host, why });
    const faults = judgeRefreshers([of('h1', undefined), of('h2', '60.221.*.*'), of(undefined, 'wechat_unreachable')]);
    expect(codes(faults)).toEqual(['address_refused', 'process_without_wechat']);
    expect(faults[0]?.cause.en).toMatch(/h2.*60\.221/);
  });
});

const answered = (status: number, body: string, ms = 5): OutboundResult => ({
  ...{ kind: 'answered', status, headers: {}, body: Buffer.from(body), cut: false, ms },
});

describe('public-url', () => {
  const nonce = { id: 'i', value: 'v' };
  const arrived = (arrivedAs: string) => answered(200, JSON.stringify({ value: 'v', arrivedAs }));
  it.each<[OutboundResult, string[]]>([
    [arrived('caller'), []],
    [arrived('forged'), ['proxy_trusted_too_far']],
    [arrived('proxy'), ['proxy_not_trusted']],
    [answered(200, '<html>'), ['not_this_deployment']],
    [answered(200, '{"value":"other"}'), ['not_this_deployment']],
    [answered(200, 'null'), ['not_this_deployment']],
    [{ kind: 'failed', code: 'no_connection', ms: 1 }, ['unreachable']],
    [{ kind: 'failed', code: 'bad_certificate', ms: 1 }, ['bad_certificate']],
  ])('judges %o', (result, expected) => {
    expect(codes(judgeAnswer('https://p', nonce, result))).toEqual(expected);
  });

  it('requires https of the real WeChat only', () => {
    expect(isSimulated(['http://127.0.0.1:3900'])).toBe(true);
    expect(isSimulated(['http://127.0.0.1:3900', 'https://api.weixin.qq.com'])).toBe(false);
    expect(isSimulated([])).toBe(false);
  });
});

it.each<[OutboundResult, string[]]>([
  [answered(200, 'success'), []],
  [answered(200, 'success', 1_001), ['push_slow']],
  [answered(200, '<html>'), ['push_not_success']],
  [answered(413, ''), ['push_not_success']],
  [answered(403, ''), ['push_refused']],
  [answered(400, ''), ['push_refused']],
  [{ kind: 'failed', code: 'timeout', ms: 5_000 }, ['push_unanswered']],
])('push-url judges %o', (result, expected) => {
  expect(codes(judgePush('wxc', 'https://p', result))).toEqual(expected);
});

describe('queues', () => {
  const queue = { name: 'calls', workers: 1, stalled: 0, oldestMs: 0 };
  const stream = { name: 'push-stream', workers: undefined, stalled: 0, oldestMs: 0 };
  it.each([
    [[queue, stream], []],
    [[{ ...queue, workers: 0 }, stream], ['no_worker']],
    [[{ ...queue, stalled: 1 }], ['stalled']],
    [[{ ...queue, oldestMs: 30_001 }], ['queue_behind']],
    [[{ ...queue, oldestMs: 30_001, workers: 0 }], ['no_worker']],
    [[queue, { ...stream, oldestMs: 30_001 }], ['queue_behind']],
  ])('judges %o', (readings, expected) => {
    expect(codes(judgeQueues(readings))).toEqual(expected);
  });

  it('judges due refreshes and the last comparison with WeChat’s list', () => {
    expect(codes([...judgeDue(5 * MINUTE_MS), ...judgeReconciliation('wxc', 36 * 60 * MINUTE_MS)])).toEqual([]);
    expect(codes([...judgeDue(6 * MINUTE_MS), ...judgeReconciliation('wxc', 37 * 60 * MINUTE_MS)])).toEqual([
      'refresh_overdue',
      '(reconciliation_old)',
    ]);
  });
});

it('versions names those that differ, and what a rollback waits for', () => {
  const of = (version: string, format: number) => ({ version, format });
  const remaining = { lanes: 2, pushes: 3 };
  expect(judgeVersions([of('1.0.0', 4), of('1.0.0', 4)], remaining)).toEqual([]);
  expect(judgeVersions([], remaining)).toEqual([]);
  const [fault] = judgeVersions([of('1.1.0', 5), of('1.0.0', 4)], remaining);
  expect(fault?.cause.en).toMatch(/1\.0\.0, 1\.1\.0\. .*2 lanes and 3 pushes/);
  expect(codes(judgeVersions([of('1.0.0', 5), of('1.0.0', 4)], remaining))).toEqual(['(versions_differ)']);
});

it('second-system needs two early refusals in a day', () => {
  expect(judgeRefusals('wxc', { count: 1, lastAgoMs: 1 })).toEqual([]);
  expect(codes(judgeRefusals('wxc', { count: 2, lastAgoMs: 1 }))).toEqual(['second_system']);
});
