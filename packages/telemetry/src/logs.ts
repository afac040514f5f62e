import type { EventName, EventPayloads, Events } from '@wxthirdparty/platform';
import type { Logger } from 'pino';
import { RepeatedLines } from './repeated-lines.ts';

/** One entry for each event; each writes one line. */
type Lines = { readonly [Name in EventName]: (payload: EventPayloads[Name]) => void };

/** Writes one line for each event of this process. */
export function logEvents(events: Events, log: Logger): void {
  const lines = linesOf(log);
  const subscribe = <Name extends EventName>(name: Name) => events.subscribe(name, lines[name]);
  for (const name of Object.keys(lines)) subscribe(name as EventName);
}

function linesOf(log: Logger): Lines {
  const repeated = new RepeatedLines(log);
  return {
    refresh: (event) => logRefresh(log, repeated, event),
    // The line of the request has more.
    call: (event) => logCall(log, event),
    'call-fault': ({ call, message, stack }) =>
      repeated.error('call', { message }, { call, err: { message, stack } }, 'a run of a call failed'),
    callback: (event) => logCallback(log, event),
    push: ({ id, job, component, push, appid, outcome, result, receivedAt, ms }) => {
      // The line of the failed job has its error.
      const level = result === 'failed' ? 'debug' : 'info';
      log[level]({ id, job, component, push, appid, outcome, receivedAt, ms }, 'push');
    },
    journal: (event) => logJournal(log, repeated, event),
    subscription: (event) => logSubscription(log, event),
    // Most deliveries succeed at once, many in a second.
    delivery: (event) => log[event.result === 'delivered' ? 'debug' : 'info'](event, 'delivery'),
    'outcomes-lost': ({ count }) =>
      log.error({ count }, 'answers of asked receivers were not stored; their pushes are sent again'),
    'calls-unrecorded': (event) => log.error(event, 'answered calls were not recorded; they are in no list'),
    // The gateway's own line has more.
    'push-received': ({ ms, ...event }) => log.debug({ ...event, ms: Math.round(ms) }, 'push received'),
    reply: (event) => log.debug(event, 'reply'),
    // The lines of the call and of the request have the same and more.
    wechat: (event) => log.trace(event, 'request to WeChat'),
    http: (event) => log.trace(event, 'answer'),
    authorization: (event) => log.info(event, 'authorization'),
    handle: (event) => log[event.outcome === 'taken' ? 'warn' : 'info'](event, 'handle of a link'),
    'release-check': (event) => log[event.state === 'failed' ? 'warn' : 'info'](event, 'release check'),
    profile: (event) => log.info(event, 'profile'),
    reconciliation: (event) => log.info(event, 'reconciliation'),
    sync: (event) => {
      const isOver = event.outcome === 'completed' || event.outcome === 'failed';
      log[isOver ? 'info' : 'debug'](event, 'follower sync');
    },
    quota: ({ level, ...usage }) => log[level === 'reopened' ? 'info' : 'warn'](usage, QUOTA_MESSAGES[level]),
    'quota-lookup': (event) => {
      if (event.outcome === 'due') log.debug(event, 'quota lookup due');
      else log.info(event, 'quota read');
    },
    readiness: (event) => log.info(event, event.ready ? 'component ready' : 'component not ready'),
    host: ({ host, reachable, reason }) => {
      if (reachable) log.info({ host }, 'host reachable again');
      else log.warn({ host, reason }, 'host unreachable');
    },
    repair: ({ component, did, failure }) => {
      if (failure === undefined) log.info({ component, did }, 'repair');
      else repeated.warn(`repair ${component}`, failure, { component, did, err: failure }, 'repair');
    },
    redis: (event) => {
      switch (event.what) {
        case 'foreign': {
          const { code, message } = event.failure;
          log.error({ code, reason: message }, 'intake stopped: Redis is not ours');
          break;
        }
        case 'own':
          log.info('intake resumed: Redis is ours again');
          break;
        case 'incomplete':
          log.error({ missing: event.missing }, 'masters of Redis do not answer; accounts whose keys they have wait');
          break;
        case 'complete':
          log.info('all masters of Redis answer again');
          break;
        case 'outdated':
          log.error(
            { behindMs: event.behindMs },
            'Redis was restored from an older state, and may send calls again: stop all processes and run discard-calls',
          );
          break;
        case 'reconnected':
          log.debug({ server: event.server, ms: event.ms }, 'connected to Redis again');
          break;
        case 'failover':
          log.warn({ server: event.server }, 'another server of Redis is the primary now');
          break;
        case 'wait_unacked': {
          const { write } = event;
          const message = 'no replica of Redis has confirmed a write in time';
          repeated.warn('redis replicas', { code: write, message }, { write }, message);
          break;
        }
        default:
          logReachability(log, repeated, 'redis', event);
          break;
      }
    },
    database: (event) => logReachability(log, repeated, 'database', event),
    job: (event) => logJob(log, repeated, event),
    alarm: (event) => logAlarm(log, repeated, event),
    'listener-error': (failure) =>
      repeated.warn(`listener ${failure.event}`, failure, { event: failure.event, err: failure }, 'a listener failed'),
  };
}

const QUOTA_MESSAGES = {
  warning: 'four fifths of a quota are used',
  exhausted: 'a quota is used up',
  closed: 'WeChat refuses calls, since a quota is used up',
  reopened: 'a quota is open again',
} as const;

function logCall(log: Logger, { hasCaller, queueMs, wechatMs, totalMs, ...event }: EventPayloads['call']): void {
  // The line of the request has more.
  const level = hasCaller ? 'debug' : 'info';
  // Most calls have no line at the usual level, and must cost nothing here.
  if (!log.isLevelEnabled(level)) return;
  const times = { queueMs: Math.round(queueMs), totalMs: Math.round(totalMs) };
  log[level]({ ...event, ...times, wechatMs: wechatMs === undefined ? undefined : Math.round(wechatMs) }, 'call');
}

function logRefresh(log: Logger, repeated: RepeatedLines, event: EventPayloads['refresh']): void {
  const { kind, component, appid, outcome, ms } = event;
  const line = { kind, component, appid, outcome, ms };
  switch (event.outcome) {
    case 'stored':
    case 'superseded':
      log.info({ ...line, version: event.version }, 'refresh');
      break;
    case 'failed': {
      const { code, remedy, errcode, rid, message } = event.failure;
      const failed = { ...line, code, remedy, errcode, rid, reason: message };
      // A wrong secret makes the refreshes of all accounts fail; that one must authorize again concerns that one.
      const cause = { code: `${code} ${errcode}`, message };
      if (remedy === 'reauthorize') log.warn(failed, 'refresh');
      else repeated.warn(`${component} ${kind}`, cause, failed, 'refresh');
      break;
    }
    case 'not-here': {
      const { retryInMs, isNews } = event;
      const { code, remedy, errcode, message } = event.failure;
      const failed = { ...line, retryInMs, code, remedy, errcode, reason: message };
      if (isNews) log.warn(failed, 'this process cannot fetch tokens; others do');
      else log.debug({ ...line, retryInMs, code }, 'refresh');
      break;
    }
    case 'fresh':
    case 'held':
    case 'backing-off':
    case 'aborted':
      log.debug(line, 'refresh');
      break;
    default:
      event satisfies never;
  }
}

function logCallback(log: Logger, { tries, ms, ...result }: EventPayloads['callback']): void {
  // Nothing was sent, so it is none of the tries.
  if (result.outcome === 'postponed') log.debug(result, 'callback');
  else log.info({ ...result, tries, ms }, 'callback');
}

function logSubscription(log: Logger, event: EventPayloads['subscription']): void {
  const { subscription } = event;
  switch (event.what) {
    case 'unsealable': {
      const { code, message } = event.failure;
      log.error(
        { subscription, code, reason: message },
        'a subscription receives nothing, because its secrets do not open',
      );
      break;
    }
    case 'failing':
      log.warn({ subscription }, 'a receiver fails; one delivery at a time is tried');
      break;
    case 'expired':
      log.warn(
        { subscription, expired: event.count },
        'deliveries expired with their pushes before they were delivered',
      );
      break;
    case 'active':
      log.info({ subscription }, 'a receiver answers again');
      break;
    case 'paused': {
      const { reason, failingSince } = event;
      log.error(
        { subscription, reason, failingSince },
        'a subscription was paused, and receives nothing until it is resumed',
      );
      break;
    }
    default:
      event satisfies never;
  }
}

const SERVER_NAMES = { redis: 'Redis', database: 'The database' };

function logReachability(
  log: Logger,
  repeated: RepeatedLines,
  server: 'redis' | 'database',
  event: EventPayloads['database'],
): void {
  const name = SERVER_NAMES[server];
  if (event.what === 'unreachable') {
    log.error({ server }, `${name} does not answer`);
    return;
  }
  const { outageMs } = event;
  const suppressed = repeated.endOutage(outageMs);
  const duration = `${(outageMs / 1_000).toFixed(1)} s`;
  log.info(
    { server, outageMs, suppressed },
    `${name} is reachable again after ${duration}; ${suppressed} lines suppressed`,
  );
}

function logJournal(log: Logger, repeated: RepeatedLines, event: EventPayloads['journal']): void {
  switch (event.what) {
    case 'batch':
      log.debug({ entries: event.entries, ms: event.ms }, 'journal');
      break;
    case 'failed':
      repeated.warn('journal', event, { err: { message: event.message } }, 'pushes wait: they cannot be journaled');
      break;
    case 'timed-out': {
      const message = 'journaling timed out; another process takes over';
      repeated.error('journal', { message }, { timeoutMs: event.timeoutMs }, message);
      break;
    }
    case 'unknown':
      log.warn({ entry: event.entry }, 'a newer version must journal this entry');
      break;
    case 'bad':
      log.error(
        { entry: event.entry, err: { message: event.message } },
        'an entry cannot be journaled, and is put aside',
      );
      break;
    default:
      event satisfies never;
  }
}

function logJob(log: Logger, repeated: RepeatedLines, event: EventPayloads['job']): void {
  const { queue } = event;
  switch (event.what) {
    case 'failed': {
      const { job, attempts, message } = event;
      repeated.warn(queue, event, { queue, job, attempts, err: { message } }, 'job failed');
      break;
    }
    case 'unknown':
      log.warn({ queue, job: event.job, foreign: event.foreign }, 'unknown job delayed');
      break;
    case 'stalled':
      log.warn({ queue, job: event.job }, 'a job stalled; it is taken by another process');
      break;
    case 'error':
      repeated.warn('queue', event, { queue, err: { message: event.message } }, 'queue error');
      break;
    case 'shutdown-timeout':
      log.warn({ queue }, 'shutdown timed out; other workers will take over the jobs');
      break;
    default:
      event satisfies never;
  }
}

function logAlarm(log: Logger, repeated: RepeatedLines, event: EventPayloads['alarm']): void {
  if (event.what === 'unsent') {
    const { what, ...line } = event;
    if (line.lost > 0) log.error(line, 'alarms were not sent; their channel accepts nothing');
    else
      repeated.warn(`alarm ${line.channel}`, { message: line.answer }, line, 'an alarm was not sent; it is sent again');
    return;
  }
  const { what, ...line } = event;
  if (what === 'closed') log.info(line, 'alarm closed');
  else log.warn(line, what === 'opened' ? 'alarm opened' : 'alarm still open');
}
