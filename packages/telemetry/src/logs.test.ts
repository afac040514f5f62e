import { type EventName, type EventPayloads, Events } from '@wxthirdparty/platform';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { logEvents } from './logs.ts';

type Line = Readonly<Record<string, unknown>>;
type Example<Name extends EventName> = { readonly event: EventPayloads[Name]; readonly line: Line };

const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50 };
const account = { component: 'wxc', appid: 'wxa' };
const failure = { code: 'wechat_refused', remedy: 'operator', message: 'no', errcode: 61004, rid: 'r-1' };
const failed = { code: 'wechat_refused', remedy: 'operator', errcode: 61004, reason: 'no' };
const owner = { kind: 'component', component: 'wxc', appid: 'wxc', ms: 5 };
const usage = { ...account, path: '/cgi-bin/user/get', used: 8, limit: 10 };
const unreachable = { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' };

/** Every event, with the whole line that it becomes. */
const delivery = { subscription: 'sub_1', component: 'wxc', push: '1lglnp7f', ms: 7, lagMs: 20, attempt: 1 };

const called = { call: 'c-1', ...account, path: '/cgi-bin/user/get', kind: 'inline', key: 'key_1' } as const;
const call = { ...called, outcome: 'completed', attempts: 1, recorded: true };

const push = { ...account, job: 'j-1', push: 'text', outcome: 'noted', receivedAt: '2026-11-28T00:00:00.000Z', ms: 2 };

const request = {
  component: 'wxc',
  host: 'api.weixin.qq.com',
  path: '/cgi-bin/user/get',
  result: 'ok',
  ms: 5,
} as const;
const answer = { route: '/v1/status', method: 'GET', status: 200, ms: 1, key: 'key_1' };

const check = { check: 'rc_1', component: 'wxc', appid: 'wxa', kind: 'real' };

const EXAMPLES: { readonly [Name in EventName]: readonly Example<Name>[] } = {
  refresh: [
    {
      event: { ...owner, outcome: 'stored', version: 7 },
      line: { level: LEVELS.info, msg: 'refresh', ...owner, outcome: 'stored', version: 7 },
    },
    {
      event: { ...owner, outcome: 'superseded', version: 7 },
      line: { level: LEVELS.info, msg: 'refresh', ...owner, outcome: 'superseded', version: 7 },
    },
    {
      event: { ...owner, outcome: 'failed', failure },
      line: { level: LEVELS.warn, msg: 'refresh', ...owner, outcome: 'failed', ...failed, rid: 'r-1' },
    },
    {
      event: { ...owner, outcome: 'not-here', failure, isNews: true, retryInMs: 500 },
      line: {
        level: LEVELS.warn,
        msg: 'this process cannot fetch tokens; others do',
        ...owner,
        outcome: 'not-here',
        retryInMs: 500,
        ...failed,
      },
    },
    {
      event: { ...owner, outcome: 'not-here', failure, isNews: false, retryInMs: 500 },
      line: {
        level: LEVELS.debug,
        msg: 'refresh',
        ...owner,
        outcome: 'not-here',
        retryInMs: 500,
        code: 'wechat_refused',
      },
    },
    {
      event: { ...owner, outcome: 'held' },
      line: { level: LEVELS.debug, msg: 'refresh', ...owner, outcome: 'held' },
    },
  ],
  call: [
    {
      event: { ...call, errcode: 0, queueMs: 1.2, wechatMs: 7.4, totalMs: 8.6 },
      line: { level: LEVELS.info, msg: 'call', ...call, errcode: 0, queueMs: 1, wechatMs: 7, totalMs: 9 },
    },
    {
      event: { ...call, queueMs: 9, totalMs: 9, hasCaller: true },
      line: { level: LEVELS.debug, msg: 'call', ...call, queueMs: 9, totalMs: 9 },
    },
  ],
  'call-fault': [
    {
      event: { call: 'c-1', message: 'it broke', stack: 'at' },
      line: {
        level: LEVELS.error,
        msg: 'a run of a call failed',
        call: 'c-1',
        err: { message: 'it broke', stack: 'at' },
      },
    },
  ],
  callback: [
    {
      event: { call: 'c-1', outcome: 'delivered', status: 204, tries: 2, ms: 9 },
      line: { level: LEVELS.info, msg: 'callback', call: 'c-1', outcome: 'delivered', status: 204, tries: 2, ms: 9 },
    },
    {
      event: { call: 'c-1', outcome: 'postponed', afterMs: 300, tries: 2, ms: 9 },
      line: { level: LEVELS.debug, msg: 'callback', call: 'c-1', outcome: 'postponed', afterMs: 300 },
    },
  ],
  push: [
    {
      event: { ...push, url: 'messages', result: 'handled', lagMs: 2 },
      line: { level: LEVELS.info, msg: 'push', ...push },
    },
    {
      event: { ...push, url: 'events', result: 'failed', lagMs: 2 },
      line: { level: LEVELS.debug, msg: 'push', ...push },
    },
  ],
  subscription: [
    {
      event: { subscription: 'sub_1', what: 'unsealable', failure: { ...failure, code: 'unsealable' } },
      line: {
        level: LEVELS.error,
        msg: 'a subscription receives nothing, because its secrets do not open',
        ...{ subscription: 'sub_1', code: 'unsealable', reason: 'no' },
      },
    },
    {
      event: { subscription: 'sub_1', what: 'failing' },
      line: { level: LEVELS.warn, msg: 'a receiver fails; one delivery at a time is tried', subscription: 'sub_1' },
    },
    {
      event: { subscription: 'sub_1', what: 'active' },
      line: { level: LEVELS.info, msg: 'a receiver answers again', subscription: 'sub_1' },
    },
    {
      event: { subscription: 'sub_1', what: 'paused', reason: 'gone', failingSince: null },
      line: {
        level: LEVELS.error,
        msg: 'a subscription was paused, and receives nothing until it is resumed',
        ...{ subscription: 'sub_1', reason: 'gone', failingSince: null },
      },
    },
  ],
  delivery: [
    {
      event: { ...delivery, result: 'delivered', status: 204, code: null },
      line: { level: LEVELS.debug, msg: 'delivery', ...delivery, result: 'delivered', status: 204, code: null },
    },
    {
      event: { ...delivery, result: 'failed', status: 500, code: 'status' },
      line: { level: LEVELS.info, msg: 'delivery', ...delivery, result: 'failed', status: 500, code: 'status' },
    },
  ],
  journal: [
    { event: { what: 'batch', entries: 7, ms: 4 }, line: { level: LEVELS.debug, msg: 'journal', entries: 7, ms: 4 } },
    {
      event: { what: 'failed', message: 'no' },
      line: { level: LEVELS.warn, msg: 'pushes wait: they cannot be journaled', err: { message: 'no' } },
    },
    {
      event: { what: 'timed-out', timeoutMs: 15_000 },
      line: { level: LEVELS.error, msg: 'journaling timed out; another process takes over', timeoutMs: 15_000 },
    },
    {
      event: { what: 'unknown', entry: '1-0' },
      line: { level: LEVELS.warn, msg: 'a newer version must journal this entry', entry: '1-0' },
    },
    {
      event: { what: 'bad', entry: '1-0', message: 'no' },
      line: {
        ...{ level: LEVELS.error, msg: 'an entry cannot be journaled, and is put aside' },
        ...{ entry: '1-0', err: { message: 'no' } },
      },
    },
  ],
  'push-received': [
    {
      event: { component: 'wxc', url: 'events', result: 'accepted', ms: 2.4 },
      line: { level: LEVELS.debug, msg: 'push received', component: 'wxc', url: 'events', result: 'accepted', ms: 2 },
    },
  ],
  reply: [
    {
      event: { component: 'wxc', push: '1lglnp7f', kind: 'late', result: 'window_closed' },
      line: {
        ...{ level: LEVELS.debug, msg: 'reply' },
        ...{ component: 'wxc', push: '1lglnp7f', kind: 'late', result: 'window_closed' },
      },
    },
  ],
  wechat: [{ event: request, line: { level: LEVELS.trace, msg: 'request to WeChat', ...request } }],
  http: [{ event: answer, line: { level: LEVELS.trace, msg: 'answer', ...answer } }],
  'release-check': [
    {
      event: { ...check, state: 'passed', failed: [] },
      line: { level: LEVELS.info, msg: 'release check', ...check, state: 'passed', failed: [] },
    },
    {
      event: { ...check, state: 'failed', failed: ['api_text: send_failed'] },
      line: { level: LEVELS.warn, msg: 'release check', ...check, state: 'failed', failed: ['api_text: send_failed'] },
    },
  ],
  authorization: [
    {
      event: { component: 'wxc', outcome: 'authorized', appid: 'wxa', profile: 'asked', ms: 4 },
      line: { level: LEVELS.info, msg: 'authorization', ...account, outcome: 'authorized', profile: 'asked', ms: 4 },
    },
    {
      event: { component: 'wxc', outcome: 'failed', code: 'x', message: 'no', errcode: 61010, ms: 4 },
      line: {
        level: LEVELS.info,
        msg: 'authorization',
        component: 'wxc',
        outcome: 'failed',
        code: 'x',
        message: 'no',
        errcode: 61010,
        ms: 4,
      },
    },
  ],
  handle: [
    {
      event: { ...account, outcome: 'given' },
      line: { level: LEVELS.info, msg: 'handle of a link', ...account, outcome: 'given' },
    },
    {
      event: { ...account, outcome: 'taken' },
      line: { level: LEVELS.warn, msg: 'handle of a link', ...account, outcome: 'taken' },
    },
  ],
  profile: [
    {
      event: { ...account, outcome: 'saved' },
      line: { level: LEVELS.info, msg: 'profile', ...account, outcome: 'saved' },
    },
  ],
  reconciliation: [
    {
      event: { reconciliation: 'r-1', next: { delayMs: 2_000 }, ms: 4 },
      line: { level: LEVELS.info, msg: 'reconciliation', reconciliation: 'r-1', next: { delayMs: 2_000 }, ms: 4 },
    },
  ],
  sync: [
    {
      event: { sync: 's-1', outcome: 'completed', appid: 'wxa', phase: 'finishing', listed: 3, detailed: 3, ms: 4 },
      line: {
        level: LEVELS.info,
        msg: 'follower sync',
        sync: 's-1',
        outcome: 'completed',
        appid: 'wxa',
        phase: 'finishing',
        listed: 3,
        detailed: 3,
        ms: 4,
      },
    },
    {
      event: { sync: 's-1', outcome: 'goes_on', ms: 4 },
      line: { level: LEVELS.debug, msg: 'follower sync', sync: 's-1', outcome: 'goes_on', ms: 4 },
    },
  ],
  quota: [
    {
      event: { ...usage, level: 'warning', at: '2026-11-28T00:00:00.000Z' },
      line: {
        level: LEVELS.warn,
        msg: 'four fifths of a quota are used',
        ...usage,
        at: '2026-11-28T00:00:00.000Z',
      },
    },
    {
      event: { ...usage, level: 'exhausted', at: '2026-11-28T00:00:00.000Z' },
      line: { level: LEVELS.warn, msg: 'a quota is used up', ...usage, at: '2026-11-28T00:00:00.000Z' },
    },
    {
      event: { ...usage, level: 'closed' },
      line: { level: LEVELS.warn, msg: 'WeChat refuses calls, since a quota is used up', ...usage },
    },
    {
      event: { ...usage, level: 'reopened' },
      line: { level: LEVELS.info, msg: 'a quota is open again', ...usage },
    },
  ],
  'quota-lookup': [
    {
      event: { ...usage, outcome: 'due' },
      line: { level: LEVELS.debug, msg: 'quota lookup due', ...usage, outcome: 'due' },
    },
    {
      event: { ...account, path: '/cgi-bin/user/get', outcome: 'learned', ms: 4 },
      line: {
        level: LEVELS.info,
        msg: 'quota read',
        ...account,
        path: '/cgi-bin/user/get',
        outcome: 'learned',
        ms: 4,
      },
    },
  ],
  readiness: [
    {
      event: { component: 'wxc', ready: true, reasons: [] },
      line: { level: LEVELS.info, msg: 'component ready', component: 'wxc', ready: true, reasons: [] },
    },
    {
      event: { component: 'wxc', ready: false, reasons: ['no_ticket'] },
      line: {
        ...{ level: LEVELS.info, msg: 'component not ready' },
        ...{ component: 'wxc', ready: false, reasons: ['no_ticket'] },
      },
    },
  ],
  'calls-unrecorded': [
    {
      event: { count: 2, message: 'OOM command not allowed' },
      line: {
        level: LEVELS.error,
        msg: 'answered calls were not recorded; they are in no list',
        count: 2,
        message: 'OOM command not allowed',
      },
    },
  ],
  'outcomes-lost': [
    {
      event: { count: 3 },
      line: {
        level: LEVELS.error,
        msg: 'answers of asked receivers were not stored; their pushes are sent again',
        count: 3,
      },
    },
  ],
  host: [
    {
      event: { host: 'api.test:443', reachable: false, reason: 'refused' },
      line: { level: LEVELS.warn, msg: 'host unreachable', host: 'api.test:443', reason: 'refused' },
    },
    {
      event: { host: 'api.test:443', reachable: true },
      line: { level: LEVELS.info, msg: 'host reachable again', host: 'api.test:443' },
    },
  ],
  repair: [
    {
      event: { component: 'wxc', did: 'ticket_restored' },
      line: { level: LEVELS.info, msg: 'repair', component: 'wxc', did: 'ticket_restored' },
    },
    {
      event: { component: 'wxc', did: 'due_failed', failure: unreachable },
      line: { level: LEVELS.warn, msg: 'repair', component: 'wxc', did: 'due_failed', err: unreachable },
    },
  ],
  redis: [
    {
      event: { what: 'unreachable' },
      line: { level: LEVELS.error, msg: 'Redis does not answer', server: 'redis' },
    },
    {
      event: { what: 'reachable', outageMs: 6_200 },
      line: {
        level: LEVELS.info,
        msg: 'Redis is reachable again after 6.2 s; 0 lines suppressed',
        server: 'redis',
        outageMs: 6_200,
        suppressed: 0,
      },
    },
    {
      event: { what: 'foreign', failure: { code: 'foreign_redis', remedy: 'operator', message: 'no' } },
      line: { level: LEVELS.error, msg: 'intake stopped: Redis is not ours', code: 'foreign_redis', reason: 'no' },
    },
    {
      event: { what: 'incomplete', missing: ['127.0.0.1:7000'] },
      line: {
        level: LEVELS.error,
        msg: 'masters of Redis do not answer; accounts whose keys they have wait',
        missing: ['127.0.0.1:7000'],
      },
    },
    { event: { what: 'complete' }, line: { level: LEVELS.info, msg: 'all masters of Redis answer again' } },
    { event: { what: 'own' }, line: { level: LEVELS.info, msg: 'intake resumed: Redis is ours again' } },
    {
      event: { what: 'outdated', behindMs: 3_600_000 },
      line: {
        level: LEVELS.error,
        msg: 'Redis was restored from an older state, and may send calls again: stop all processes and run discard-calls',
        behindMs: 3_600_000,
      },
    },
    {
      event: { what: 'reconnected', server: '127.0.0.1:6379', ms: 120 },
      line: { level: LEVELS.debug, msg: 'connected to Redis again', server: '127.0.0.1:6379', ms: 120 },
    },
    {
      event: { what: 'failover', server: '127.0.0.1:6380' },
      line: { level: LEVELS.warn, msg: 'another server of Redis is the primary now', server: '127.0.0.1:6380' },
    },
    {
      event: { what: 'wait_unacked', write: 'push' },
      line: { level: LEVELS.warn, msg: 'no replica of Redis has confirmed a write in time', write: 'push' },
    },
  ],
  database: [
    {
      event: { what: 'unreachable' },
      line: { level: LEVELS.error, msg: 'The database does not answer', server: 'database' },
    },
    {
      event: { what: 'reachable', outageMs: 6_200 },
      line: {
        level: LEVELS.info,
        msg: 'The database is reachable again after 6.2 s; 0 lines suppressed',
        server: 'database',
        outageMs: 6_200,
        suppressed: 0,
      },
    },
  ],
  job: [
    {
      event: { queue: 'calls', what: 'failed', job: 'j-1', attempts: 3, message: 'no' },
      line: { level: LEVELS.warn, msg: 'job failed', queue: 'calls', job: 'j-1', attempts: 3, err: { message: 'no' } },
    },
    {
      event: { queue: 'calls', what: 'unknown', job: 'j-1', foreign: false },
      line: { level: LEVELS.warn, msg: 'unknown job delayed', queue: 'calls', job: 'j-1', foreign: false },
    },
    {
      event: { queue: 'calls', what: 'error', ...unreachable },
      line: { level: LEVELS.warn, msg: 'queue error', queue: 'calls', err: { message: 'connect ECONNREFUSED' } },
    },
    {
      event: { queue: 'calls', what: 'stalled', job: 'j-1' },
      line: {
        ...{ level: LEVELS.warn, msg: 'a job stalled; it is taken by another process' },
        ...{ queue: 'calls', job: 'j-1' },
      },
    },
    {
      event: { queue: 'calls', what: 'shutdown-timeout' },
      line: {
        level: LEVELS.warn,
        msg: 'shutdown timed out; other workers will take over the jobs',
        queue: 'calls',
      },
    },
  ],
  alarm: [
    {
      event: {
        what: 'opened',
        id: 'al_1',
        rule: 'ticket_late',
        severity: 'page',
        component: 'wxc',
        cause: 'no ticket',
      },
      line: {
        ...{ level: LEVELS.warn, msg: 'alarm opened' },
        ...{ id: 'al_1', rule: 'ticket_late', severity: 'page', component: 'wxc', cause: 'no ticket' },
      },
    },
    {
      event: {
        what: 'closed',
        id: 'al_1',
        rule: 'ticket_late',
        severity: 'page',
        component: 'wxc',
        cause: 'no ticket',
      },
      line: {
        ...{ level: LEVELS.info, msg: 'alarm closed' },
        ...{ id: 'al_1', rule: 'ticket_late', severity: 'page', component: 'wxc', cause: 'no ticket' },
      },
    },
    {
      event: { what: 'unsent', channel: 'wecom-1', host: 'h', status: 200, answer: 'no', attempt: 1, lost: 0 },
      line: {
        ...{ level: LEVELS.warn, msg: 'an alarm was not sent; it is sent again' },
        ...{ channel: 'wecom-1', host: 'h', status: 200, answer: 'no', attempt: 1, lost: 0 },
      },
    },
    {
      event: { what: 'unsent', channel: 'wecom-1', host: 'h', status: null, answer: 'timeout', attempt: 10, lost: 3 },
      line: {
        ...{ level: LEVELS.error, msg: 'alarms were not sent; their channel accepts nothing' },
        ...{ channel: 'wecom-1', host: 'h', status: null, answer: 'timeout', attempt: 10, lost: 3 },
      },
    },
  ],
  'listener-error': [
    {
      event: { event: 'call', message: 'it broke' },
      line: {
        level: LEVELS.warn,
        msg: 'a listener failed',
        event: 'call',
        err: { event: 'call', message: 'it broke' },
      },
    },
  ],
};

function logged(): { readonly events: Events; readonly lines: Line[] } {
  const events = new Events();
  const lines: Line[] = [];
  const options = { level: 'trace', timestamp: false, base: null, serializers: { err: (error: unknown) => error } };
  logEvents(events, pino(options, { write: (line: string) => void lines.push(JSON.parse(line)) }));
  return { events, lines };
}

describe.each(Object.keys(EXAMPLES) as EventName[])('the event %s', (name) => {
  it.each(EXAMPLES[name].map((example, i) => [i, example] as const))('example %i becomes one line', (_, example) => {
    const { events, lines } = logged();
    events.publish(name, example.event);
    expect(lines).toEqual([example.line]);
  });
});

it('a listener that throws changes nothing: the line is written, and its error becomes one line', () => {
  const { events, lines } = logged();
  events.subscribe('readiness', () => {
    throw new Error('it broke');
  });
  const others: unknown[] = [];
  events.subscribe('readiness', (event) => others.push(event));
  events.publish('readiness', { component: 'wxc', ready: true, reasons: [] });
  expect(lines.map(({ msg }) => msg)).toEqual(['component ready', 'a listener failed']);
  expect(others).toHaveLength(1);
});

it('writes the refreshes that fail for one reason once a minute, but each account that must authorize again', () => {
  const { events, lines } = logged();
  const refused = { code: 'wechat_refused', remedy: 'operator', message: 'no', errcode: 61004 };
  const ended = { ...refused, code: 'reauthorize', remedy: 'reauthorize', errcode: 61023 };
  for (const appid of ['wxa', 'wxb']) {
    for (const failure of [refused, { ...refused, errcode: 40125 }, ended]) {
      events.publish('refresh', {
        ...{ kind: 'authorizer', component: 'wxc', appid, ms: 1 },
        outcome: 'failed',
        failure,
      });
    }
  }
  expect(lines.map(({ appid, errcode }) => [appid, errcode])).toEqual([
    ['wxa', 61004],
    ['wxa', 40125],
    ['wxa', 61023],
    ['wxb', 61023],
  ]);
});

it('writes the failures of one outage once a minute', () => {
  const { events, lines } = logged();
  for (const queue of ['calls', 'pushes']) events.publish('job', { queue, what: 'error', ...unreachable });
  for (const did of ['due_failed', 'lanes_failed'])
    events.publish('repair', { component: 'wxc', did, failure: unreachable });
  expect(lines.map(({ msg }) => msg)).toEqual(['queue error', 'repair']);
});
