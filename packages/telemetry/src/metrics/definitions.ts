/** From a few milliseconds to a minute: what a caller waits for (s). */
const INTERACTIVE = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** From a tenth of a second to four hours: what waits in lanes and for receivers (s). */
const BACKGROUND = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400];

/** `shared`: of all processes together, so that each of them exports the same value. */
interface Definition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
  readonly shared?: true;
}

/** All metrics of this project, without the prefix `wx_`. Names, types and labels are a contract: rules and boards of operators use them. */
export const definitions = {
  calls_total: counter('Calls that were settled.', 'path', 'kind', 'outcome'),
  calls_unrecorded_total: counter('Outcomes of inline calls that could not be stored; their callers have them.'),
  call_seconds: histogram('Interactive calls, by phase.', INTERACTIVE, 'phase', 'kind'),
  background_call_seconds: histogram('Background calls, from due to settled.', BACKGROUND),
  wechat_requests_total: counter('Requests to WeChat, those for the component itself included.', 'host', 'result'),
  wechat_request_seconds: histogram('Requests to WeChat.', INTERACTIVE, 'host'),
  wechat_errcode_total: counter('Answers of WeChat with an errcode other than 0.', 'errcode'),
  http_requests_total: counter('Answered requests, by the pattern of their route.', 'route', 'method', 'status'),
  http_request_seconds: histogram('Answered requests, by the pattern of their route.', INTERACTIVE, 'route'),
  pushes_total: counter(
    'Pushes from WeChat: how they were answered, and how they were handled.',
    'component',
    'url',
    'result',
  ),
  push_answer_seconds: histogram('Pushes from WeChat, until they were answered.', INTERACTIVE, 'url'),
  push_lag_seconds: histogram('Pushes, from accepted to journaled or handled.', INTERACTIVE, 'url'),
  deliveries_total: counter('Attempts to deliver a push to a subscription.', 'result'),
  delivery_lag_seconds: histogram('Deliveries, from accepting the push to its delivery.', BACKGROUND),
  replies_total: counter('Replies to users.', 'kind', 'result'),
  subscriptions: shared('Subscriptions.', 'state'),
  deliveries_pending: shared('Pending deliveries; of each subscription at most 10,000 are counted.'),
  deliveries_oldest_seconds: shared('Age of the oldest push with a pending delivery.'),
  component_ready: shared('1: the component can act.', 'component'),
  ticket_received_timestamp_seconds: shared('When the stored ticket was received.', 'component'),
  ticket_expires_timestamp_seconds: shared('When the stored ticket expires.', 'component'),
  component_token_expires_timestamp_seconds: shared('When the component token expires.', 'component'),
  token_refreshes_total: counter('Refreshes of tokens.', 'kind', 'result'),
  authorizers: shared('Accounts.', 'component', 'state'),
  due_oldest_seconds: shared('For how long the first token has been due for its refresh.', 'component'),
  quota_events_total: counter('Quotas that reached a level, were closed or were opened again.', 'component', 'level'),
  queue_jobs: shared('Jobs.', 'queue', 'state'),
  queue_oldest_seconds: shared('For how long the next job has waited.', 'queue'),
  job_events_total: counter('Jobs that failed or stalled, and errors of queues.', 'queue', 'what'),
  redis_up: gauge('1: this process reaches the server, or its primary reports it as connected.', 'server', 'role'),
  redis_memory_ratio: shared('Share of its memory limit that the server uses.', 'server'),
  redis_events_total: counter('What happened to the connections to Redis.', 'what'),
  database_up: gauge('1: the database answers this process.'),
  alarms_open: shared('Open alarms.', 'severity'),
  build_info: gauge('1; version and role of this process.', 'version', 'role'),
} as const satisfies Readonly<Record<string, Definition>>;

export const PREFIX = 'wx_';

export type MetricName = keyof typeof definitions;
type NamesOf<Type extends Definition['type']> = {
  [Name in MetricName]: (typeof definitions)[Name]['type'] extends Type ? Name : never;
}[MetricName];
export type CounterName = NamesOf<'counter'>;
export type GaugeName = NamesOf<'gauge'>;
export type HistogramName = NamesOf<'histogram'>;
export type LabelOf<Name extends MetricName> = (typeof definitions)[Name]['labels'][number];

function counter<const Labels extends readonly string[]>(help: string, ...labels: Labels) {
  return { type: 'counter', help, labels } as const;
}

function gauge<const Labels extends readonly string[]>(help: string, ...labels: Labels) {
  return { type: 'gauge', help, labels } as const;
}

function shared<const Labels extends readonly string[]>(help: string, ...labels: Labels) {
  return { ...gauge(help, ...labels), shared: true } as const;
}

function histogram<const Labels extends readonly string[]>(
  help: string,
  buckets: readonly number[],
  ...labels: Labels
) {
  return { type: 'histogram', help, labels, buckets } as const;
}
