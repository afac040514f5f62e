import { RedisAge } from '../../deployment/redis-age.ts';
import type { Check } from '../check.ts';
import { type Fault, failing, text } from '../finding.ts';

/** Whether Redis is an older state of itself. */
export const redisAge: Check = async (doctor) => {
  const [redis, database] = await Promise.all([doctor.ownRedis(), doctor.database()]);
  const behindMs = await new RedisAge(redis, database).read();
  return {
    faults: behindMs === undefined ? [] : [outdated(behindMs, doctor.settings.typed)],
    found: behindMs === undefined ? null : `${Math.round(behindMs / 60_000)} min`,
  };
};

function outdated(behindMs: number, typed: (command: string) => string): Fault {
  const minutes = Math.round(behindMs / 60_000);
  return failing({
    code: 'redis_outdated',
    cause: text(
      `Redis is ${minutes} minutes older than the database: it was restored from an old state. Calls that have been sent since are queued again and would be sent twice.`,
      `Redis 比数据库旧 ${minutes} 分钟：它被恢复到了旧状态，此后已发送的调用会重新排队并被重复发送。`,
    ),
    remedy: text(
      'Stop all processes, discard the calls, and start the processes again. An empty Redis would have been better (docs/backup.md).',
      '请停止所有进程，丢弃这些调用，再启动进程。使用空的 Redis 更好（见 docs/backup.md）。',
    ),
    command: typed('discard-calls'),
  });
}
