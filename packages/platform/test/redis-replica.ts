import { startRedis, type TestRedis } from './redis-server.ts';
import { until } from './until.ts';

/** A real redis-server that replicates another one. */
export interface TestReplica extends TestRedis {
  /** Stops and continues its process, so that it confirms nothing meanwhile. */
  freeze(): void;
  thaw(): void;
}

/** Resolves when the primary counts it as online. */
export async function startReplica(primary: TestRedis): Promise<TestReplica> {
  const server = await startRedis();
  const pid = Number(/process_id:(\d+)/.exec(await server.redis.info('server'))![1]);
  // A primary waits for five seconds otherwise, so that further replicas share one copy.
  await primary.redis.config('SET', 'repl-diskless-sync-delay', '0');
  await server.redis.replicaof('127.0.0.1', new URL(primary.url).port);
  await until('the replica is online', async () =>
    /^slave0:.*state=online/m.test(await primary.redis.info('replication')),
  );
  return {
    ...server,
    freeze: () => void process.kill(pid, 'SIGSTOP'),
    thaw: () => void process.kill(pid, 'SIGCONT'),
  };
}
