import type { Redis } from 'ioredis';

/** The bytes under every key, the key itself included, by type and key. `types` gets the types that occur. */
export async function redisContents(redis: Redis, types = new Set<string>()): Promise<Map<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  for await (const keys of redis.scanStream({ count: 1_000 })) {
    for (const key of keys as string[]) {
      const type = await redis.type(key);
      // The key expired since the scan.
      if (type === 'none') continue;
      types.add(type);
      contents.set(
        `Redis ${type} ${key}`,
        Buffer.concat([Buffer.from(`${key}\n`), ...(await valuesOf(redis, type, key))]),
      );
    }
  }
  return contents;
}

async function valuesOf(redis: Redis, type: string, key: string): Promise<Buffer[]> {
  const commandOf: Record<string, [command: string, ...args: string[]]> = {
    string: ['GET', key],
    hash: ['HGETALL', key],
    list: ['LRANGE', key, '0', '-1'],
    set: ['SMEMBERS', key],
    zset: ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
    stream: ['XRANGE', key, '-', '+'],
  };
  const command = commandOf[type];
  if (!command) throw new Error(`unexpected type ${type} in Redis`);
  const values: unknown[] = [await redis.callBuffer(...command)];
  return (values.flat(9) as (Buffer | string | number)[]).flatMap((value) => [
    Buffer.isBuffer(value) ? value : Buffer.from(String(value)),
    Buffer.from('\n'),
  ]);
}
