import type { RedisClient } from '../../redis/connect.ts';
import { reportServers, type ServerReport } from '../../redis/server-report.ts';
import { mastersOf } from '../../redis/servers.ts';
import type { Check } from '../check.ts';
import { type Fault, failing, text, warning } from '../finding.ts';
import { keyGroupOf } from '../key-group.ts';

const MAX_SHARE = 0.95;
const WARNING_SHARE = 0.8;
/** A sample says which groups are large; all keys would take minutes. */
const SAMPLED_KEYS = 2_000;
const SCAN_COUNT = 500;
const SHOWN_GROUPS = 4;

/** How full Redis is, and of what. */
export const redisMemory: Check = async (doctor) => {
  const redis = await doctor.redis();
  const [servers, groups] = await Promise.all([reportServers(redis), sampleGroups(redis)]);
  const shown = groups.map(({ group, share }) => `${group} ${percent(share)}`).join(', ');
  const memory = servers.map(
    ({ address, usedMemory, maxMemory }) =>
      `${address} ${percent(usedMemory / maxMemory)} of ${megabytes(maxMemory)} MB`,
  );
  return {
    faults: servers.flatMap((server) => judgeMemory(server, shown)),
    found: `${memory.join('; ')}${shown === '' ? '' : `; of the sampled keys: ${shown}`}`,
  };
};

export function judgeMemory(
  { address, usedMemory, maxMemory }: Pick<ServerReport, 'address' | 'usedMemory' | 'maxMemory'>,
  groups: string,
): Fault[] {
  const share = usedMemory / maxMemory;
  if (share <= WARNING_SHARE) return [];
  const isFull = share > MAX_SHARE;
  return [
    (isFull ? failing : warning)({
      code: isFull ? 'memory_full' : 'memory_high',
      cause: isFull
        ? text(
            `${address} uses ${percent(share)} of its memory; pushes and new calls are refused. Largest: ${groups}.`,
            `${address} 已使用 ${percent(share)} 的内存，推送和新调用会被拒绝。占用最多：${groups}。`,
          )
        : text(
            `${address} uses ${percent(share)} of its memory; above 80 % pushes are refused. Largest: ${groups}.`,
            `${address} 已使用 ${percent(share)} 的内存，超过 80% 时推送会被拒绝。占用最多：${groups}。`,
          ),
      remedy: text(
        'Give it more memory (maxmemory). If "call" is large, send fewer calls at once; if the stream or "queue" is large, start more workers or repair the database.',
        '请增加内存（maxmemory）。若 call 占用多，请减少同时提交的调用；若 stream 或 queue 占用多，请增加 worker 或修复数据库。',
      ),
      command: 'redis-cli --memkeys',
    }),
  ];
}

async function sampleGroups(redis: RedisClient): Promise<{ group: string; share: number }[]> {
  const sizes = new Map<string, number>();
  let total = 0;
  const masters = await mastersOf(redis);
  for (const { connection } of masters) {
    let [cursor, sampled] = ['0', 0];
    if (connection === undefined) continue;
    do {
      const [next, keys] = await connection.scan(cursor, 'COUNT', SCAN_COUNT);
      const commands = connection.pipeline();
      for (const key of keys) commands.memory('USAGE', key);
      const replies = (await commands.exec()) ?? [];
      replies.forEach(([, size], i) => {
        const group = keyGroupOf(keys[i]!, redis.keyspace.prefix);
        sizes.set(group, (sizes.get(group) ?? 0) + Number(size ?? 0));
        total += Number(size ?? 0);
      });
      sampled += keys.length;
      cursor = next;
    } while (cursor !== '0' && sampled < SAMPLED_KEYS / masters.length);
  }
  return [...sizes]
    .toSorted(([, one], [, other]) => other - one)
    .slice(0, SHOWN_GROUPS)
    .map(([group, size]) => ({ group, share: total === 0 ? 0 : size / total }));
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function megabytes(bytes: number): string {
  return Number.isFinite(bytes) ? (bytes / 1024 ** 2).toFixed(0) : '?';
}
