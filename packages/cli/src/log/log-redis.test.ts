import { expect, it } from 'vitest';
import { openLog } from './log.ts';
import { logRedis } from './log-redis.ts';

type Described = Awaited<ReturnType<Parameters<typeof logRedis>[0]['describeRedis']>>;

const server: Described['servers'][number] = {
  address: '127.0.0.1:6379',
  mode: 'standalone',
  version: '7.0.15',
  isReplica: false,
  replicas: 0,
  minReplicasToWrite: 0,
  maxmemoryPolicy: 'noeviction',
  appendOnly: true,
};

async function linesFor(...servers: Described['servers']): Promise<{ level: number; msg: string }[]> {
  const lines: string[] = [];
  const log = openLog('info', { write: (line) => lines.push(line) });
  await logRedis({ describeRedis: async () => ({ kind: 'cluster', servers }) }, log);
  return lines.map((line) => JSON.parse(line));
}

it('a start says which servers Redis has', async () => {
  expect(await linesFor(server)).toMatchObject([{ level: 30, msg: 'Redis', kind: 'cluster', servers: [server] }]);
});

it('a start warns of each server that may lose what was accepted', async () => {
  const replicated = { ...server, replicas: 1 };
  const [, ...warnings] = await linesFor(
    replicated,
    { ...replicated, minReplicasToWrite: 1 },
    // A provider that refuses CONFIG.
    { ...replicated, minReplicasToWrite: undefined },
    { ...server, maxmemoryPolicy: 'allkeys-lru' },
  );
  expect(warnings).toMatchObject([
    { level: 40, replicas: 1, msg: expect.stringContaining('min-replicas-to-write') },
    { level: 40, maxmemoryPolicy: 'allkeys-lru', msg: expect.stringContaining('noeviction') },
  ]);
});
