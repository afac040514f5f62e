import type { AlarmReport, ComponentStatus } from '@wxthirdparty/platform';
import type { ComponentReadings, LocalReadings, Readings } from './readings.ts';
import { BOUNDS, type FactsOf, MIN_FAILURES, notes, type RuleName, reportOf } from './rules.ts';

/** Errcodes of a wrong AppSecret, when the component token is fetched (protocol §3.2). */
const WRONG_SECRET = [40_001, 40_125];
const DAY_MS = 24 * 60 * 60_000;
/** A push of WeChat's own that is refused is repeated after ten minutes only, so that no rate shows it. */
const TICKET_INTERVAL_MS = 11 * 60_000;

type Report = <Name extends RuleName>(
  name: Name,
  facts: FactsOf<Name>,
  subject?: { readonly of?: string; readonly note?: string | undefined },
) => void;

/** Every fault that the readings show. */
export function evaluate(readings: Readings, publicUrl: string | undefined): AlarmReport[] {
  const reports: AlarmReport[] = [];
  const report: Report = (name, facts, subject) => reports.push(reportOf(name, facts, publicUrl, subject));
  for (const component of readings.components) judgeComponent(component, readings.now, report);
  judgeDeployment(readings, report);
  judgeProcess(readings.local, readings.now, report);
  return reports;
}

function judgeComponent(readings: ComponentReadings, now: number, report: Report): void {
  const { component, status, last5, last10, quotas, lastReconciliationFailed, earlyRefusals } = readings;
  if (status) judgeStatus(status, now, report);
  if ((earlyRefusals ?? 0) >= BOUNDS.earlyRefusals) report('second_system', { component, count: earlyRefusals! });
  if (last5) {
    const refreshes = shareOf(last5.refreshesFailed, last5.refreshesStored + last5.refreshesFailed);
    if (refreshes.isKnown && refreshes.share > BOUNDS.refreshFailureShare) {
      report('refreshes_failing', { component, share: refreshes.share, failed: last5.refreshesFailed });
    }
    const refused = shareOf(last5.callsTokenRefused, last5.callsCompleted + last5.callsFailed);
    if (refused.isKnown && refused.share > BOUNDS.tokenRefusedShare) {
      report('tokens_refused', { component, share: refused.share, count: last5.callsTokenRefused });
    }
    const slow = shareOf(
      last5.answeredSlowly,
      last5.accepted + last5.duplicates + last5.unreadable + last5.unavailable,
    );
    if (slow.isKnown && slow.share > BOUNDS.slowAnswerShare) {
      report('pushes_answered_slowly', { component, share: slow.share, count: last5.answeredSlowly });
    }
    const deliveries = shareOf(last5.deliveriesFailed, last5.deliveriesDelivered + last5.deliveriesFailed);
    if (deliveries.isKnown && deliveries.share > BOUNDS.deliveryFailureShare) {
      report('deliveries_failing', { component, share: deliveries.share, failed: last5.deliveriesFailed });
    }
    judgeRefusedPushes(component, status, last5.refused, now, report);
  }
  if (last10 && last10.callsOutcomeUnknown > 0) {
    report('outcome_unknown', { component, count: last10.callsOutcomeUnknown });
  }
  if (quotas && quotas.warned.accounts > 0) report('quota_warning', { component, ...quotas.warned });
  if (quotas && quotas.closed.accounts > 0) report('quota_closed', { component, ...quotas.closed });
  if (lastReconciliationFailed) report('reconciliation_failed', { component });
}

function judgeStatus(
  { appid: component, ready, reasons, ticket, token }: ComponentStatus,
  now: number,
  report: Report,
) {
  if (!ready) report('component_not_ready', { component, reasons });
  if (ticket) {
    const ms = now - ticket.receivedAt.getTime();
    if (ms > BOUNDS.ticketWarnMs) report('ticket_late', { component, ms });
    if (ms > BOUNDS.ticketPageMs) report('ticket_missing', { component, ms });
    const endsInMs = ticket.expiresAt.getTime() - now;
    if (endsInMs > 0 && endsInMs < BOUNDS.ticketEndMs) report('ticket_ending', { component, ms: endsInMs });
  }
  if (token?.failure) {
    const { code, errcode } = token.failure;
    report('component_token_failing', { component, code, errcode });
    if (errcode !== null && WRONG_SECRET.includes(errcode)) report('secret_wrong', { component, errcode });
  }
}

/**
 * More refused ones than forgers usually send; or any that only a sender who knows the Token can cause, or that is the last that
 * arrived for longer than WeChat's own pushes are apart.
 */
function judgeRefusedPushes(
  component: string,
  status: ComponentStatus | undefined,
  last5: number,
  now: number,
  report: Report,
): void {
  const [first] = status?.refusedPushes ?? [];
  const perMinute = last5 / 5;
  const isCertain = first !== undefined && (first.reason === 'decryption' || first.reason === 'appid');
  const lastPushAt = status?.lastPushAt?.getTime() ?? 0;
  const isLast = first !== undefined && now - lastPushAt > TICKET_INTERVAL_MS;
  if (!isCertain && !isLast && perMinute <= BOUNDS.refusedPushesPerMinute) return;
  report('pushes_refused', { component, count: first?.count ?? last5, reason: first?.reason ?? 'signature' });
}

function judgeDeployment(readings: Readings, report: Report): void {
  const { overdueMs, pushStream, queues, processes, lost, redis, pausedSubscriptions } = readings;
  if (overdueMs !== undefined && overdueMs > BOUNDS.overdueMs) report('refreshes_overdue', { ms: overdueMs });
  if (pushStream && pushStream.oldestMs > BOUNDS.streamMs) {
    report('push_stream_late', { ms: pushStream.oldestMs, waiting: pushStream.waiting });
  }
  for (const { name, waiting, oldestMs } of queues ?? []) {
    const bound = name === 'lanes' ? BOUNDS.laneQueueMs : BOUNDS.queueMs;
    if (name === PUSH_STREAM || oldestMs === null || oldestMs <= bound) continue;
    report('queue_late', { queue: name, ms: oldestMs, waiting }, { of: name });
  }
  for (const { id, address, role } of lost ?? []) {
    report('process_lost', { address: address ?? id, role }, { of: id });
  }
  const versions = [...new Set(processes?.map(({ version }) => version))].toSorted();
  if (versions.length > 1) report('versions_differ', { versions: versions.join(', ') });
  if ((pausedSubscriptions ?? 0) > 0) report('subscription_paused', { count: pausedSubscriptions! });
  if (redis) judgeRedis(redis, report);
}

/** It has a rule of its own. */
const PUSH_STREAM = 'push-stream';

function judgeRedis(redis: NonNullable<Readings['redis']>, report: Report): void {
  const { servers, minReplicasToWrite, evictionPolicy } = redis;
  for (const { address, role, up, memory } of servers) {
    if (!up) report('redis_server_down', { server: address, role }, { of: address });
    const share = memory === null || memory.max === null ? 0 : memory.used / memory.max;
    if (share > BOUNDS.memoryShare) report('redis_memory', { server: address, share }, { of: address });
  }
  const counts = servers.flatMap(({ role, up, replicas }) =>
    role === 'primary' && up && replicas !== null ? [replicas] : [],
  );
  const connected = Math.min(...counts);
  const required = minReplicasToWrite ?? 0;
  if (counts.length > 0 && connected < required) report('redis_no_replica', { connected, required });
  if (evictionPolicy !== null && evictionPolicy !== 'noeviction') report('redis_eviction', { policy: evictionPolicy });
}

function judgeProcess(local: LocalReadings, now: number, report: Report): void {
  for (const component of local.addressRefused) report('address_refused', { component });
  for (const [queue, count] of local.stalledJobs) report('jobs_stalled', { queue, count }, { of: queue });
  for (const server of local.missingMasters) report('redis_server_down', { server, role: 'primary' }, { of: server });
  if (local.isUnconfirmed) report('redis_no_replica', { connected: null, required: null });
  if (local.databaseOutMs !== undefined) {
    report('database_unreachable', { seconds: Math.round(local.databaseOutMs / 1_000) });
  }
  const { freeDiskBytes, lagMs, certificate } = local;
  if (freeDiskBytes !== undefined && freeDiskBytes < BOUNDS.freeDiskBytes) {
    report('disk_low', { free: freeDiskBytes }, { note: notes.freeDisk(freeDiskBytes) });
  }
  if (lagMs > BOUNDS.lagMs) report('event_loop_late', { ms: lagMs }, { note: notes.lag(lagMs) });
  if (certificate && certificate.endsAt.getTime() - now < BOUNDS.certificateMs) {
    const days = Math.max(0, Math.floor((certificate.endsAt.getTime() - now) / DAY_MS));
    report('certificate_ending', { host: certificate.host, days });
  }
}

/** `isKnown`: enough failed to judge by. */
function shareOf(failed: number, all: number): { readonly share: number; readonly isKnown: boolean } {
  return { share: all === 0 ? 0 : failed / all, isKnown: failed >= MIN_FAILURES };
}
