import type { RedisProcess } from '../../packages/platform/test/redis-process.ts';
import { until } from './until.ts';

/**
 * A server dies when its replicas have all that it has executed: what it has not sent to them is lost with it (an accepted limit), and
 * a busy machine may send nothing for a while. Until then it executes no more writes.
 */
export async function killReplicated(server: RedisProcess): Promise<void> {
  await server.call('CLIENT', 'PAUSE', 600_000, 'WRITE');
  const written = numberIn(await replication(server), /^master_repl_offset:(\d+)/m);
  await until('the replicas have everything', async () => {
    const replicas = [...(await replication(server)).matchAll(/^slave\d+:.*,offset=(\d+)/gm)];
    return replicas.length > 0 && replicas.every(([, offset]) => Number(offset) >= written);
  });
  await server.kill();
}

async function replication(server: RedisProcess): Promise<string> {
  return String(await server.call('INFO', 'replication'));
}

function numberIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1]);
}
