import { Cluster, type Redis } from 'ioredis';

/** A command's name and its arguments. */
export type RedisCommand = readonly [name: string, ...args: (string | number | Buffer)[]];

const MAX_AT_ONCE = 500;

/**
 * Sends commands in batches and returns their replies in the same order; in the place of one that failed, its error. A
 * Cluster refuses pipelines whose keys are on several servers, and follows no redirect of one that writes, so that there
 * each command is sent by itself.
 */
export async function sendTogether(
  redis: Redis | Cluster,
  commands: readonly RedisCommand[],
): Promise<(unknown | Error)[]> {
  const replies: unknown[] = [];
  for (let sent = 0; sent < commands.length; sent += MAX_AT_ONCE) {
    replies.push(...(await send(redis, commands.slice(sent, sent + MAX_AT_ONCE))));
  }
  return replies;
}

async function send(redis: Redis | Cluster, commands: readonly RedisCommand[]): Promise<unknown[]> {
  if (redis instanceof Cluster) {
    return Promise.all(commands.map(([name, ...args]) => redis.call(name, ...args).catch((error: unknown) => error)));
  }
  const replies = await redis.pipeline(commands.map((command) => [...command])).exec();
  return replies!.map(([error, reply]) => error ?? reply);
}

/** Throws the first error among replies. */
export function assertAllDone(replies: readonly unknown[]): void {
  for (const reply of replies) if (reply instanceof Error) throw reply;
}
