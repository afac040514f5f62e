import type { EventPayloads, Events } from '@wxthirdparty/platform';
import { errcodeLabel, KNOWN_ERRCODES, methodLabel, PathLabels } from './label-values.ts';
import type { Counters, Histograms } from './tables.ts';

/** What this deployment has, and so what can happen to it. */
export interface Countable {
  readonly components: readonly string[];
  /** Names. */
  readonly queues: readonly string[];
}

/** Counts what this process publishes. A call has no line in the log, and must cost next to nothing here, too. */
export function countEvents(
  events: Events,
  counters: Counters,
  histograms: Histograms,
  { components, queues }: Countable,
): void {
  const paths = new PathLabels();
  // Prometheus sees no increase in a series that begins with 1, and the first time may be the only one.
  for (const errcode of KNOWN_ERRCODES) counters.wechat_errcode_total.add(0, String(errcode));
  for (const what of Object.keys(REDIS_EVENTS)) counters.redis_events_total.add(0, what);
  for (const queue of queues) for (const what of ['failed', 'stalled']) counters.job_events_total.add(0, queue, what);
  for (const component of components) {
    for (const level of Object.keys(QUOTA_LEVELS)) counters.quota_events_total.add(0, component, level);
    for (const url of ['events', 'messages']) counters.pushes_total.add(0, component, url, 'refused');
  }
  for (const result of ['delivered', 'failed', 'dead']) counters.deliveries_total.add(0, result);
  events.subscribe('call', ({ path, kind, outcome, errcode, corrected, queueMs, wechatMs, totalMs }) => {
    // The outcome that it replaces was counted; a cancelled call has none.
    if (corrected || outcome === 'cancelled') return;
    const label = paths.of(path);
    counters.calls_total.add(0, label, kind, 'failed_outcome_unknown');
    counters.calls_total.add(1, label, kind, outcomeLabel(outcome, errcode));
    if (kind === 'background') {
      histograms.background_call_seconds.observe(totalMs / 1_000);
      return;
    }
    histograms.call_seconds.observe(queueMs / 1_000, 'queue', kind);
    if (wechatMs !== undefined) histograms.call_seconds.observe(wechatMs / 1_000, 'wechat', kind);
    histograms.call_seconds.observe(totalMs / 1_000, 'total', kind);
  });
  events.subscribe('calls-unrecorded', ({ count }) => counters.calls_unrecorded_total.add(count));
  events.subscribe('wechat', ({ host, result, errcode, ms }) => {
    counters.wechat_requests_total.add(1, host, result);
    histograms.wechat_request_seconds.observe(ms / 1_000, host);
    if (errcode) counters.wechat_errcode_total.add(1, errcodeLabel(errcode));
  });
  events.subscribe('http', ({ route, method, status, ms }) => {
    counters.http_requests_total.add(1, route, methodLabel(method), String(status));
    histograms.http_request_seconds.observe(ms / 1_000, route);
  });
  events.subscribe('push-received', ({ component, url, result, ms }) => {
    counters.pushes_total.add(1, component, url, RECEIVED[result]);
    histograms.push_answer_seconds.observe(ms / 1_000, url);
  });
  events.subscribe('push', ({ component, url, result, lagMs }) => {
    if (url === undefined) return;
    counters.pushes_total.add(1, component, url, result);
    if (result === 'handled') histograms.push_lag_seconds.observe(lagMs / 1_000, url);
  });
  events.subscribe('delivery', ({ result, lagMs }) => {
    counters.deliveries_total.add(1, result);
    if (result === 'delivered') histograms.delivery_lag_seconds.observe(lagMs / 1_000);
  });
  events.subscribe('reply', ({ kind, result }) => counters.replies_total.add(1, kind, result));
  events.subscribe('refresh', ({ kind, outcome }) => {
    // The others sent no request that counts: another process has the lease, or this host cannot ask and others do.
    if (outcome === 'stored' || outcome === 'superseded' || outcome === 'failed') {
      counters.token_refreshes_total.add(1, kind, outcome);
    }
  });
  events.subscribe('quota', ({ component, level }) => counters.quota_events_total.add(1, component, level));
  events.subscribe('job', ({ queue, what }) => counters.job_events_total.add(1, queue, what.replaceAll('-', '_')));
  events.subscribe('redis', ({ what }) => counters.redis_events_total.add(1, what));
}

function outcomeLabel(outcome: string, errcode: number | undefined): string {
  if (outcome !== 'completed') return `failed_${outcome}`;
  return errcode ? 'errcode' : 'completed';
}

const RECEIVED: Readonly<Record<EventPayloads['push-received']['result'], string>> = {
  accepted: 'accepted',
  duplicates: 'duplicate',
  unreadable: 'unreadable',
  tooOld: 'too_old',
  refused: 'refused',
  unavailable: 'unavailable',
};

const REDIS_EVENTS: Readonly<Record<EventPayloads['redis']['what'], true>> = {
  unreachable: true,
  reachable: true,
  foreign: true,
  own: true,
  incomplete: true,
  complete: true,
  reconnected: true,
  failover: true,
  outdated: true,
  wait_unacked: true,
};

const QUOTA_LEVELS: Readonly<Record<EventPayloads['quota']['level'], true>> = {
  warning: true,
  exhausted: true,
  closed: true,
  reopened: true,
};
