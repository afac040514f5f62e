import { setTimeout as pause } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import type { Sql } from '../../database/open.ts';
import { streamStatus } from '../../push/stream-status.ts';
import { readNextJob } from '../../queue/queue-state.ts';
import type { RedisClient } from '../../redis/connect.ts';
import { RefreshAhead } from '../../token/refresh-ahead.ts';
import type { Check } from '../check.ts';
import type { DoctorContext } from '../doctor-context.ts';
import { type Fault, failing, NotJudged, text, warning } from '../finding.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const MAX_WAIT_MS = 30 * SECOND_MS;
const MAX_OVERDUE_MS = 5 * MINUTE_MS;
/** It is made each night. */
const MAX_RECONCILIATION_AGE_MS = 36 * HOUR_MS;
/** Workers take a job over soon after the end of its lock (worker: run-queue.ts). */
const TAKEOVER_MS = 2_500;
const MAX_READ_JOBS = 100;

/** Whether all queues are served, and nothing waits too long. */
export const queues: Check = async (doctor) => {
  const redis = await doctor.redis();
  const [states, { oldestMs: pushesMs }, overdueMs, reconciliations] = await Promise.all([
    Promise.all(doctor.openQueues(redis).map((queue) => readState(queue, redis))),
    streamStatus(redis),
    readOverdueMs(doctor, redis),
    readReconciliations(doctor),
  ]);
  const all = [...states, { name: 'push-stream', workers: undefined, stalled: 0, oldestMs: pushesMs }];
  return {
    faults: [
      ...judgeQueues(all),
      ...judgeDue(overdueMs),
      ...reconciliations.flatMap(({ component, ageMs }) => judgeReconciliation(component, ageMs)),
    ],
    found: `${states.length} queues, oldest ${seconds(Math.max(...all.map(({ oldestMs }) => oldestMs)))} s, due ${seconds(overdueMs)} s ago`,
  };
};

export interface QueueReading {
  readonly name: string;
  /** Undefined: it is not served by workers of its own. */
  readonly workers: number | undefined;
  /** Jobs whose run has ended without a result, and that no worker takes over. */
  readonly stalled: number;
  /** How long the next job has been waiting; 0: no job is. */
  readonly oldestMs: number;
}

async function readState(queue: Queue, redis: RedisClient): Promise<QueueReading> {
  const [workers, stalled, oldestMs] = await Promise.all([
    // Providers of managed Redis may refuse the command by which workers are listed.
    queue.getWorkersCount().catch(() => undefined),
    countStalled(queue, redis),
    readOldestMs(queue),
  ]);
  return { name: queue.name, workers, stalled, oldestMs };
}

/** Read twice: a job that was delayed until now seems to have waited for long, and is taken at once. */
async function readOldestMs(queue: Queue): Promise<number> {
  const first = await readNextJob(queue);
  if (!first || first.waitedMs <= MAX_WAIT_MS) return first?.waitedMs ?? 0;
  await pause(SECOND_MS);
  const next = await readNextJob(queue);
  return next?.id === first.id ? first.waitedMs : 0;
}

async function countStalled(queue: Queue, redis: RedisClient): Promise<number> {
  const first = await unlocked(queue, redis);
  if (first.length === 0) return 0;
  await pause(TAKEOVER_MS);
  return (await unlocked(queue, redis)).filter((id) => first.includes(id)).length;
}

/** The jobs in progress whose worker has not renewed its lock. */
async function unlocked(queue: Queue, redis: RedisClient): Promise<readonly string[]> {
  const active = await queue.getJobs(['active'], 0, MAX_READ_JOBS - 1);
  const ids = active.flatMap((job) => (job?.id === undefined ? [] : [job.id]));
  const locks = await Promise.all(ids.map((id) => redis.exists(`${queue.toKey(id)}:lock`)));
  return ids.filter((_, i) => locks[i] === 0);
}

/** Of the token or ticket that has been due longest. */
async function readOverdueMs({ components }: DoctorContext, redis: RedisClient): Promise<number> {
  const ahead = new RefreshAhead(redis);
  return Math.max(...(await Promise.all(components.map(({ appid }) => ahead.overdueMs(appid)))));
}

/** The age of the last completed one; nothing while the database is away. */
async function readReconciliations(
  doctor: DoctorContext,
): Promise<readonly { readonly component: string; readonly ageMs: number }[]> {
  let database: Sql;
  try {
    database = await doctor.database();
  } catch (error) {
    if (error instanceof NotJudged) return [];
    throw error;
  }
  const rows = await database
    .selectFrom('reconciliations')
    .select(({ fn }) => ['component', fn.max('finished_at').as('at')])
    .where('state', '=', 'completed')
    .groupBy('component')
    .execute();
  const configured = new Set(doctor.components.map(({ appid }) => appid));
  return rows.flatMap(({ component, at }) =>
    configured.has(component) && at !== null ? [{ component, ageMs: Date.now() - Number(at) }] : [],
  );
}

export function judgeQueues(readings: readonly QueueReading[]): Fault[] {
  const unserved = readings.filter(({ workers }) => workers === 0).map(({ name }) => name);
  const faults: Fault[] = [];
  if (unserved.length > 0) {
    const names =
      unserved.length === readings.filter(({ workers }) => workers !== undefined).length ? 'all' : undefined;
    const shown = names ?? unserved.join(', ');
    faults.push(
      failing({
        code: 'no_worker',
        cause: text(`No worker serves these queues: ${shown}.`, `没有 worker 处理这些队列：${shown}。`),
        remedy: text(
          'Start nodes, or workers beside the gateways. Processes of an older version do not know newer queues.',
          '请启动 node，或在 gateway 旁启动 worker。旧版本的进程不认识新的队列。',
        ),
      }),
    );
  }
  for (const { name, stalled, oldestMs, workers } of readings) {
    if (stalled > 0) {
      faults.push(
        failing({
          code: 'stalled',
          cause: text(
            `${stalled} jobs of the queue ${name} were interrupted, and no worker takes them over.`,
            `队列 ${name} 有 ${stalled} 个任务中断，且没有 worker 接手。`,
          ),
          remedy: text('Start nodes or workers.', '请启动 node 或 worker。'),
        }),
      );
    }
    if (oldestMs > MAX_WAIT_MS && workers !== 0) {
      faults.push(
        failing({
          code: 'queue_behind',
          cause: text(
            `The oldest entry of the queue ${name} has been waiting for ${seconds(oldestMs)} s.`,
            `队列 ${name} 中最早的任务已等待 ${seconds(oldestMs)} 秒。`,
          ),
          remedy:
            name === 'push-stream'
              ? text(
                  'Repair the database; pushes wait in Redis until it accepts them. Start a worker if none runs.',
                  '请修复数据库：推送会在 Redis 中等待写入。若没有 worker，请启动。',
                )
              : text(
                  'Start more nodes or workers, or raise WORKER_CONCURRENCY; the log says what the jobs wait for.',
                  '请增加 node 或 worker，或提高 WORKER_CONCURRENCY；日志会说明任务在等什么。',
                ),
        }),
      );
    }
  }
  return faults;
}

export function judgeDue(overdueMs: number): Fault[] {
  if (overdueMs <= MAX_OVERDUE_MS) return [];
  return [
    failing({
      code: 'refresh_overdue',
      cause: text(
        `A token has been due for a refresh for ${Math.round(overdueMs / MINUTE_MS)} minutes, and no process has claimed it.`,
        `有令牌到期 ${Math.round(overdueMs / MINUTE_MS)} 分钟仍没有进程刷新。`,
      ),
      remedy: text('Start nodes or workers.', '请启动 node 或 worker。'),
    }),
  ];
}

export function judgeReconciliation(component: string, ageMs: number): Fault[] {
  if (ageMs <= MAX_RECONCILIATION_AGE_MS) return [];
  return [
    warning({
      code: 'reconciliation_old',
      cause: text(
        `The accounts of ${component} were last compared with WeChat's list ${Math.round(ageMs / HOUR_MS)} hours ago.`,
        `${component} 的账号上次与微信的列表核对是在 ${Math.round(ageMs / HOUR_MS)} 小时前。`,
      ),
      remedy: text(
        'Workers do it each night. Request one, and read why it fails (GET /v1/reconciliations/:id).',
        'worker 每晚会自动核对。可手动发起一次，并查看失败原因（GET /v1/reconciliations/:id）。',
      ),
      command: `POST /v1/authorizers/reconcile`,
    }),
  ];
}

function seconds(ms: number): number {
  return Math.round(ms / SECOND_MS);
}
