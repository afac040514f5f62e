import {
  type AlarmReport,
  type AlarmSeverity,
  type NotReadyReason,
  type PushRefusalReason,
  runChecks,
} from '@wxthirdparty/platform';

type Text = AlarmReport['cause'];

interface Rule<Facts> {
  readonly severity: AlarmSeverity;
  /** For how long the fault must last before the alarm opens. */
  readonly delayMs: number;
  readonly cause: (facts: Facts) => Text;
  readonly remedy: (facts: Facts) => Text;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Bounds of the rules; those of a time are in milliseconds. */
export const BOUNDS = {
  ticketWarnMs: 25 * MINUTE_MS,
  ticketPageMs: 60 * MINUTE_MS,
  ticketEndMs: 2 * HOUR_MS,
  earlyRefusals: 2,
  refreshFailureShare: 0.05,
  overdueMs: 5 * MINUTE_MS,
  tokenRefusedShare: 0.01,
  slowAnswerShare: 0.01,
  refusedPushesPerMinute: 10,
  streamMs: 60 * SECOND_MS,
  deliveryFailureShare: 0.2,
  queueMs: 30 * SECOND_MS,
  laneQueueMs: HOUR_MS,
  lostAfterMs: 30 * SECOND_MS,
  lostUntilMs: 10 * MINUTE_MS,
  memoryShare: 0.8,
  freeDiskBytes: 2e9,
  lagMs: 200,
  certificateMs: 14 * 24 * HOUR_MS,
} as const;

/** A share counts only if so many things failed: one of two is no trend. */
export const MIN_FAILURES = 5;

function rule<Facts>(definition: Rule<Facts>): Rule<Facts> {
  return definition;
}

interface OfComponent {
  readonly component: string;
}

const capitalized = (sentence: string) => sentence.charAt(0).toUpperCase() + sentence.slice(1);
const minutes = (ms: number) => Math.round(ms / MINUTE_MS);
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

const REASONS: Readonly<Record<NotReadyReason, Text>> = {
  no_ticket: { zh: '没有票据', en: 'it has no ticket' },
  ticket_expired: { zh: '票据已失效', en: 'its ticket has ended' },
  component_token_failing: { zh: '无法获取 component_access_token', en: 'its token cannot be fetched' },
};

const REFUSALS: Readonly<Record<PushRefusalReason, Text>> = {
  decryption: {
    zh: '无法解密，消息加解密 Key（EncodingAESKey）与开放平台不一致',
    en: 'they cannot be decrypted, because EncodingAESKey is not that of the Open Platform',
  },
  signature: {
    zh: '签名不符，消息校验 Token 与开放平台不一致',
    en: 'their signatures do not match, because Token is not that of the Open Platform',
  },
  appid: { zh: '它们属于另一个第三方平台', en: 'they are for another component' },
  envelope: { zh: '它们不是加密的推送', en: 'they are no encrypted pushes' },
};

const checkPushUrl: Text = {
  zh: `在开放平台核对授权事件接收 URL、消息校验 Token 和消息加解密 Key；${runChecks('ticket').zh}。`,
  en: `Check the event URL, Token and EncodingAESKey at the Open Platform; ${runChecks('ticket').en}.`,
};

/** Every alarm, with what it says. A new one does not compile without its texts. */
export const rules = {
  component_not_ready: rule<OfComponent & { readonly reasons: readonly NotReadyReason[] }>({
    ...{ severity: 'page', delayMs: 2 * MINUTE_MS },
    cause: ({ component, reasons }) => ({
      zh: `第三方平台 ${component} 不能工作：${reasons.map((reason) => REASONS[reason].zh).join('、')}。`,
      en: `The component ${component} cannot act: ${reasons.map((reason) => REASONS[reason].en).join(', ')}.`,
    }),
    remedy: () => ({
      zh: `${runChecks('ticket', 'component-token').zh}，按结果处理。`,
      en: capitalized(`${runChecks('ticket', 'component-token').en}; do what it says.`),
    }),
  }),
  ticket_late: rule<OfComponent & { readonly ms: number }>({
    ...{ severity: 'warn', delayMs: 0 },
    cause: ({ component, ms }) => ({
      zh: `${component} 已 ${minutes(ms)} 分钟没有收到票据（微信每 10 分钟推送一次）。`,
      en: `${component} has received no ticket for ${minutes(ms)} minutes; WeChat pushes one every 10 minutes.`,
    }),
    remedy: () => checkPushUrl,
  }),
  ticket_missing: rule<OfComponent & { readonly ms: number }>({
    ...{ severity: 'page', delayMs: 0 },
    cause: ({ component, ms }) => ({
      zh: `${component} 已 ${minutes(ms)} 分钟没有收到票据（微信每 10 分钟推送一次）。`,
      en: `${component} has received no ticket for ${minutes(ms)} minutes; WeChat pushes one every 10 minutes.`,
    }),
    remedy: () => checkPushUrl,
  }),
  ticket_ending: rule<OfComponent & { readonly ms: number }>({
    ...{ severity: 'page', delayMs: 0 },
    cause: ({ component, ms }) => ({
      zh: `${component} 的票据将在 ${minutes(ms)} 分钟后失效，之后无法获取任何令牌。`,
      en: `The ticket of ${component} ends in ${minutes(ms)} minutes; then no token can be fetched.`,
    }),
    remedy: () => checkPushUrl,
  }),
  component_token_failing: rule<OfComponent & { readonly code: string; readonly errcode: number | null }>({
    ...{ severity: 'page', delayMs: 5 * MINUTE_MS },
    cause: ({ component, code, errcode }) => ({
      zh: `${component} 无法获取 component_access_token：${errcode ?? code}。`,
      en: `The component token of ${component} cannot be fetched: ${errcode ?? code}.`,
    }),
    remedy: () => ({
      zh: `${runChecks('component-token').zh}，按结果处理。`,
      en: capitalized(`${runChecks('component-token').en}; do what it says.`),
    }),
  }),
  address_refused: rule<OfComponent>({
    ...{ severity: 'page', delayMs: 0 },
    cause: ({ component }) => ({
      zh: `微信拒绝本机的出口 IP（61004），${component} 在该进程上无法获取令牌。`,
      en: `WeChat refuses the address of this host (61004), so this process cannot fetch tokens of ${component}.`,
    }),
    remedy: () => ({
      zh: '把所列进程的出口 IP 加入开放平台的白名单 IP，或经由 WECHAT_PROXY 出网。',
      en: 'Add the address of the listed processes to the IP list at the Open Platform, or use WECHAT_PROXY.',
    }),
  }),
  secret_wrong: rule<OfComponent & { readonly errcode: number }>({
    ...{ severity: 'page', delayMs: 0 },
    cause: ({ component, errcode }) => ({
      zh: `微信拒绝 ${component} 的 AppSecret（${errcode}），无法获取任何令牌。`,
      en: `WeChat refuses the AppSecret of ${component} (${errcode}), so no token can be fetched.`,
    }),
    remedy: () => ({
      zh: '在开放平台核对 AppSecret，更新 WX_COMPONENT_APPSECRET 后重启各进程。',
      en: 'Check the AppSecret at the Open Platform, set WX_COMPONENT_APPSECRET, and restart the processes.',
    }),
  }),
  second_system: rule<OfComponent & { readonly count: number }>({
    ...{ severity: 'warn', delayMs: 0 },
    cause: ({ component, count }) => ({
      zh: `24 小时内微信有 ${count} 次提前拒绝 ${component} 的令牌：另有系统在为同一第三方平台获取令牌。`,
      en: `In 24 hours WeChat refused the token of ${component} early ${count} times: another system fetches tokens for it.`,
    }),
    remedy: () => ({
      zh: '停用另一套系统，然后重置 AppSecret 并在此更新。',
      en: 'Stop the other system; then reset the AppSecret and set it here.',
    }),
  }),
  refreshes_failing: rule<OfComponent & { readonly share: number; readonly failed: number }>({
    ...{ severity: 'warn', delayMs: 10 * MINUTE_MS },
    cause: ({ component, share, failed }) => ({
      zh: `${component} 的令牌刷新有 ${percent(share)} 失败（5 分钟内 ${failed} 次）。`,
      en: `${percent(share)} of the token refreshes of ${component} fail (${failed} in 5 minutes).`,
    }),
    remedy: () => ({
      zh: `查看日志中的 refresh 失败原因；${runChecks('egress', 'component-token').zh}。`,
      en: `Read why refreshes fail in the log; ${runChecks('egress', 'component-token').en}.`,
    }),
  }),
  refreshes_overdue: rule<{ readonly ms: number }>({
    ...{ severity: 'page', delayMs: 0 },
    cause: ({ ms }) => ({
      zh: `有令牌的刷新已逾期 ${minutes(ms)} 分钟，其调用将很快失败。`,
      en: `The refresh of a token is ${minutes(ms)} minutes overdue; calls with it will fail soon.`,
    }),
    remedy: () => ({
      zh: `检查是否有 worker 或 node 在运行、队列 refreshes 是否积压；${runChecks('queues').zh}。`,
      en: `Check that a worker or node runs and that the queue refreshes is not behind; ${runChecks('queues').en}.`,
    }),
  }),
  tokens_refused: rule<OfComponent & { readonly share: number; readonly count: number }>({
    ...{ severity: 'warn', delayMs: 10 * MINUTE_MS },
    cause: ({ component, share, count }) => ({
      zh: `${component} 的调用有 ${percent(share)} 被微信拒绝令牌（40001，5 分钟内 ${count} 次）。`,
      en: `WeChat refuses the token (40001) of ${percent(share)} of the calls of ${component} (${count} in 5 minutes).`,
    }),
    remedy: () => ({
      zh: `检查是否另有系统刷新同一账号的令牌；${runChecks('second-system').zh}。`,
      en: `Check whether another system refreshes the same tokens; ${runChecks('second-system').en}.`,
    }),
  }),
  pushes_answered_slowly: rule<OfComponent & { readonly share: number; readonly count: number }>({
    ...{ severity: 'page', delayMs: 5 * MINUTE_MS },
    cause: ({ component, share, count }) => ({
      zh: `${component} 的推送有 ${percent(share)} 超过 3 秒才应答（5 分钟内 ${count} 次）；超过 5 秒微信会重发并可能停止推送。`,
      en: `${percent(share)} of the pushes of ${component} are answered after 3 s (${count} in 5 minutes); after 5 s WeChat sends again, and may stop.`,
    }),
    remedy: () => ({
      zh: '检查 Redis 延迟、事件循环延迟和被动回复的接收方；必要时增加 node。',
      en: 'Check the latency of Redis, the lag of event loops and receivers of passive replies; add nodes if necessary.',
    }),
  }),
  pushes_refused: rule<OfComponent & { readonly count: number; readonly reason: PushRefusalReason }>({
    ...{ severity: 'page', delayMs: 0 },
    cause: ({ component, count, reason }) => ({
      zh: `${component} 的推送被拒绝（${count} 次）：${REFUSALS[reason].zh}。`,
      en: `Pushes of ${component} are refused (${count}): ${REFUSALS[reason].en}.`,
    }),
    remedy: () => ({
      zh: '从开放平台重新复制消息校验 Token 与消息加解密 Key；若为伪造请求，请在代理处限制来源。',
      en: 'Copy Token and EncodingAESKey from the Open Platform again; if the requests are forged, limit their source at the proxy.',
    }),
  }),
  push_stream_late: rule<{ readonly ms: number; readonly waiting: number }>({
    ...{ severity: 'warn', delayMs: 0 },
    cause: ({ ms, waiting }) => ({
      zh: `${waiting} 条推送尚未写入日志库，最早的已等待 ${Math.round(ms / 1_000)} 秒。`,
      en: `${waiting} pushes are not journaled yet; the oldest has been waiting for ${Math.round(ms / 1_000)} s.`,
    }),
    remedy: () => ({
      zh: '检查数据库是否可用、是否有 worker 或 node 在运行。',
      en: 'Check that the database answers and that a worker or node runs.',
    }),
  }),
  deliveries_failing: rule<OfComponent & { readonly share: number; readonly failed: number }>({
    ...{ severity: 'warn', delayMs: 15 * MINUTE_MS },
    cause: ({ component, share, failed }) => ({
      zh: `${component} 的投递有 ${percent(share)} 失败（5 分钟内 ${failed} 次）。`,
      en: `${percent(share)} of the deliveries of ${component} fail (${failed} in 5 minutes).`,
    }),
    remedy: () => ({
      zh: '在控制台“推送”中查看失败的订阅及其接收方的应答。',
      en: 'See in the console, Pushes, which subscription fails and what its receiver answers.',
    }),
  }),
  subscription_paused: rule<{ readonly count: number }>({
    ...{ severity: 'warn', delayMs: 0 },
    cause: ({ count }) => ({
      zh: `${count} 个订阅因接收方长期失败而被自动暂停，不再收到推送。`,
      en: `${count} subscriptions were paused because their receivers failed for long; they receive no pushes.`,
    }),
    remedy: () => ({
      zh: '修复接收方，然后在控制台“推送”中恢复订阅；暂停期间的推送会补发。',
      en: 'Repair the receiver, then resume the subscription in the console, Pushes; what it missed is delivered.',
    }),
  }),
  outcome_unknown: rule<OfComponent & { readonly count: number }>({
    ...{ severity: 'warn', delayMs: 0 },
    cause: ({ component, count }) => ({
      zh: `10 分钟内 ${component} 有 ${count} 次调用结果未知：请求已发出，但没有得到微信的应答。`,
      en: `Calls of ${component} with an unknown outcome in 10 minutes: ${count}. They were sent, and WeChat's answer did not arrive.`,
    }),
    remedy: () => ({
      zh: '在控制台“调用”中逐条核对，不要盲目重试；检查到微信的网络。',
      en: 'Check each of them in the console, Calls, before it is repeated; check the network to WeChat.',
    }),
  }),
  quota_warning: rule<OfComponent & { readonly accounts: number; readonly atLeast: boolean }>({
    ...{ severity: 'warn', delayMs: 0 },
    cause: ({ component, accounts, atLeast }) => ({
      zh: `今日 ${component} 有${atLeast ? '至少' : ''} ${accounts} 个账号的某项接口额度已用 80 % 以上。`,
      en: `Accounts of ${component} that have used more than 80 % of a quota today: ${atLeast ? 'at least ' : ''}${accounts}.`,
    }),
    remedy: () => ({
      zh: '在控制台“账号”按额度排查；减少调用，或为账号清零额度（每月 10 次）。',
      en: 'See the quotas of the accounts in the console; call less, or clear a quota (10 times a month).',
    }),
  }),
  quota_closed: rule<OfComponent & { readonly accounts: number; readonly atLeast: boolean }>({
    ...{ severity: 'warn', delayMs: 0 },
    cause: ({ component, accounts, atLeast }) => ({
      zh: `今日 ${component} 有${atLeast ? '至少' : ''} ${accounts} 个账号的某项接口额度已用尽，其调用被拒绝。`,
      en: `Accounts of ${component} that have used up a quota today: ${atLeast ? 'at least ' : ''}${accounts}. Such calls are refused.`,
    }),
    remedy: () => ({
      zh: '额度于次日 0 点恢复；急用时为账号清零额度（每月 10 次）。',
      en: 'Quotas reopen at midnight in Beijing; if it is urgent, clear the quota of an account (10 times a month).',
    }),
  }),
  queue_late: rule<{ readonly queue: string; readonly ms: number; readonly waiting: number }>({
    ...{ severity: 'page', delayMs: 2 * MINUTE_MS },
    cause: ({ queue, ms, waiting }) => ({
      zh: `队列 ${queue} 积压 ${waiting} 个任务，最早的已等待 ${Math.round(ms / 1_000)} 秒。`,
      en: `Jobs that wait in the queue ${queue}: ${waiting}; the oldest for ${Math.round(ms / 1_000)} s.`,
    }),
    remedy: () => ({
      zh: '检查是否有 worker 或 node 在运行及其负载；必要时增加 node。',
      en: 'Check that workers or nodes run, and their load; add nodes if necessary.',
    }),
  }),
  jobs_stalled: rule<{ readonly queue: string; readonly count: number }>({
    ...{ severity: 'warn', delayMs: 0 },
    cause: ({ queue, count }) => ({
      zh: `10 分钟内队列 ${queue} 有 ${count} 个任务被重新领取：处理它的进程停止，或停顿了几秒。`,
      en: `Jobs of the queue ${queue} that were taken again in 10 minutes: ${count}. Their process had stopped, or paused for seconds.`,
    }),
    remedy: () => ({
      zh: '检查是否有进程被杀、内存不足或长时间停顿（事件循环延迟）。',
      en: 'Check whether a process was killed, lacks memory or was frozen (lag of its event loop).',
    }),
  }),
  process_lost: rule<{ readonly address: string; readonly role: string }>({
    ...{ severity: 'warn', delayMs: 0 },
    cause: ({ address, role }) => ({
      zh: `进程 ${address}（${role}）未经正常关闭就停止了心跳。`,
      en: `The process ${address} (${role}) gives no heartbeat and has not shut down.`,
    }),
    remedy: () => ({
      zh: '查看该主机与进程的日志（被杀、内存不足、断网），并重新启动。',
      en: 'Read the log of its host (killed, out of memory, network), and start it again.',
    }),
  }),
  versions_differ: rule<{ readonly versions: string }>({
    ...{ severity: 'warn', delayMs: HOUR_MS },
    cause: ({ versions }) => ({
      zh: `各进程版本不一致超过 1 小时：${versions}。`,
      en: `Processes of different versions have run for more than 1 hour: ${versions}.`,
    }),
    remedy: () => ({ zh: '完成升级或回退。', en: 'Finish the upgrade, or the way back.' }),
  }),
  redis_unreachable: rule<{ readonly seconds: number }>({
    ...{ severity: 'page', delayMs: 15 * SECOND_MS },
    cause: ({ seconds }) => ({
      zh: `该进程无法访问 Redis 已 ${seconds} 秒：调用与推送被拒绝。`,
      en: `This process has not reached Redis for ${seconds} s: calls and pushes are refused.`,
    }),
    remedy: () => ({
      zh: '检查 Redis 进程、网络与 REDIS_URL；恢复后各进程会自动重连。',
      en: 'Check the Redis servers, the network and REDIS_URL; processes reconnect by themselves.',
    }),
  }),
  redis_server_down: rule<{ readonly server: string; readonly role: string }>({
    ...{ severity: 'page', delayMs: 0 },
    cause: ({ server, role }) => ({
      zh: `Redis 服务器 ${server}（${role}）没有应答。`,
      en: `The Redis server ${server} (${role}) does not answer.`,
    }),
    remedy: () => ({
      zh: '检查该服务器；在其恢复之前，再失去一台可能丢失数据或中断服务。',
      en: 'Check this server; until it is back, the loss of another one may cost data or the service.',
    }),
  }),
  redis_memory: rule<{ readonly server: string; readonly share: number }>({
    ...{ severity: 'page', delayMs: 0 },
    cause: ({ server, share }) => ({
      zh: `Redis ${server} 的内存已用 ${percent(share)}；达到 80 % 后消息推送被拒绝。`,
      en: `Redis ${server} uses ${percent(share)} of its memory; above 80 % pushes of messages are refused.`,
    }),
    remedy: () => ({
      zh: `增加 maxmemory 或清理积压；占用最大的键：${runChecks('redis-memory').zh}。`,
      en: `Raise maxmemory or reduce the backlog; for the largest keys, ${runChecks('redis-memory').en}.`,
    }),
  }),
  redis_no_replica: rule<{ readonly connected: number | null; readonly required: number | null }>({
    ...{ severity: 'warn', delayMs: 5 * MINUTE_MS },
    cause: ({ connected, required }) => ({
      zh:
        connected === null || required === null
          ? 'Redis 的写入没有得到副本确认：此时故障切换会丢失数据。'
          : `Redis 只有 ${connected} 个副本在线，配置要求 ${required} 个：此时故障切换会丢失数据。`,
      en:
        connected === null || required === null
          ? 'No replica of Redis confirms writes: a failover now would lose data.'
          : `Redis has ${connected} replicas, and ${required} are configured: a failover now would lose data.`,
    }),
    remedy: () => ({
      zh: '恢复副本；见 docs/hosts.md。',
      en: 'Bring the replicas back; see docs/hosts.md.',
    }),
  }),
  redis_eviction: rule<{ readonly policy: string }>({
    ...{ severity: 'warn', delayMs: 0 },
    cause: ({ policy }) => ({
      zh: `Redis 的 maxmemory-policy 为 ${policy}：内存满时会删除令牌与任务。`,
      en: `maxmemory-policy of Redis is ${policy}: when the memory is full, it deletes tokens and jobs.`,
    }),
    remedy: () => ({
      zh: '执行 CONFIG SET maxmemory-policy noeviction，并写入 redis.conf。',
      en: 'CONFIG SET maxmemory-policy noeviction, and write it to redis.conf.',
    }),
  }),
  redis_foreign: rule<{ readonly seconds: number }>({
    ...{ severity: 'page', delayMs: 0 },
    cause: () => ({
      zh: '该进程的 Redis 属于另一个部署：已停止接收推送与执行任务。',
      en: 'The Redis of this process belongs to another deployment: pushes and jobs have stopped.',
    }),
    remedy: () => ({
      zh: '核对 REDIS_URL 与 REDIS_PREFIX；若数据库是新的，见 adopt-redis。',
      en: 'Check REDIS_URL and REDIS_PREFIX; if the database is new, see adopt-redis.',
    }),
  }),
  database_unreachable: rule<{ readonly seconds: number }>({
    ...{ severity: 'page', delayMs: MINUTE_MS },
    cause: ({ seconds }) => ({
      zh: `该进程无法访问数据库已 ${seconds} 秒：推送仍会接收，授权、日志与投递暂停。`,
      en: `This process has not reached the database for ${seconds} s: pushes are still accepted; grants, journal and deliveries wait.`,
    }),
    remedy: () => ({
      zh: '检查数据库进程、网络与 DATABASE_URL；恢复后会自动继续。',
      en: 'Check the database server, the network and DATABASE_URL; work continues by itself.',
    }),
  }),
  reconciliation_failed: rule<OfComponent>({
    ...{ severity: 'warn', delayMs: 0 },
    cause: ({ component }) => ({
      zh: `${component} 最近一次账号核对失败：授权状态可能已过时。`,
      en: `The last reconciliation of ${component} failed: states of accounts may be outdated.`,
    }),
    remedy: () => ({
      zh: '在控制台“平台”页的“账号核对”中查看原因，然后点“立即核对”。',
      en: 'See its error in the console, on the page of the component, under “Reconciliations”; then press “Reconcile now”.',
    }),
  }),
  disk_low: rule<{ readonly free: number }>({
    ...{ severity: 'page', delayMs: 0 },
    cause: () => ({
      zh: 'DATA_DIR 所在磁盘的剩余空间不足 2 GB。',
      en: 'The disk of DATA_DIR has less than 2 GB of free space.',
    }),
    remedy: () => ({
      zh: '清理或扩容磁盘；磁盘写满后数据库与日志都会失败。',
      en: 'Free some space or enlarge the disk; a full disk stops database and logs.',
    }),
  }),
  event_loop_late: rule<{ readonly ms: number }>({
    ...{ severity: 'warn', delayMs: 5 * MINUTE_MS },
    cause: ({ ms }) => ({
      zh: `事件循环延迟的 99 分位超过 200 毫秒（最近 ${ms} 毫秒）：该进程过载。`,
      en: `The event loop is late by more than 200 ms (99th percentile, last ${ms} ms): the process is overloaded.`,
    }),
    remedy: () => ({
      zh: '增加 node 或 CPU；检查该主机上的其他负载。',
      en: 'Add nodes or processors; check what else runs on this host.',
    }),
  }),
  certificate_ending: rule<{ readonly host: string; readonly days: number }>({
    ...{ severity: 'warn', delayMs: 0 },
    cause: ({ host, days }) => ({
      zh: `${host} 的证书将在 ${days} 天后到期，之后微信与浏览器无法访问。`,
      en: `The certificate of ${host} ends in ${days} days; then WeChat and browsers cannot reach it.`,
    }),
    remedy: () => ({ zh: '续期证书。', en: 'Renew the certificate.' }),
  }),
} as const satisfies Readonly<Record<string, Rule<never>>>;

export type RuleName = keyof typeof rules;
export type FactsOf<Name extends RuleName> = Parameters<(typeof rules)[Name]['cause']>[0];

/** What differs between processes that report the same fault. */
export const notes = {
  freeDisk: (bytes: number) => gigabytes(bytes),
  lag: (ms: number) => `${Math.round(ms)} ms`,
};

/** Of the console, where an operator sees more. Others have the page of their component, or the list of alarms. */
const PAGES: Partial<Record<RuleName, string>> = {
  subscription_paused: '/admin/pushes',
  deliveries_failing: '/admin/pushes',
  push_stream_late: '/admin/pushes',
  outcome_unknown: '/admin/calls',
  quota_warning: '/admin/accounts',
  quota_closed: '/admin/accounts',
};

interface Subject {
  /** Beside rule and component, what the alarm is about: a queue, a server. */
  readonly of?: string;
  readonly note?: string | undefined;
}

/** The report of a fault. `publicUrl`: without a slash at its end; undefined: there is no link. */
export function reportOf<Name extends RuleName>(
  name: Name,
  facts: FactsOf<Name>,
  publicUrl: string | undefined,
  { of, note }: Subject = {},
): AlarmReport {
  // Facts and texts belong to the same rule; the compiler does not see it of a union.
  const { severity, delayMs, cause, remedy } = rules[name] as unknown as Rule<FactsOf<Name>>;
  const component = 'component' in facts ? String(facts.component) : null;
  return {
    key: [name, component, of].filter((part) => part !== null && part !== undefined).join(':'),
    ...{ rule: name, severity, delayMs, component, note },
    cause: cause(facts),
    remedy: remedy(facts),
    link: publicUrl === undefined ? null : publicUrl + pageOf(name, component),
  };
}

function pageOf(name: RuleName, component: string | null): string {
  return PAGES[name] ?? (component === null ? '/admin/alarms' : `/admin/components/${component}`);
}
