import type { RedisClient } from '../redis/connect.ts';

/** Makes processes that know the account read its handle again. Only a hint: without it they do within half a minute. */
export async function announceHandle(redis: RedisClient, component: string, appid: string): Promise<void> {
  await redis.publish(redis.keyspace.channels.authorizers, accountHint(component, appid)).catch(() => {});
}

/** How a hint names an account. */
export function accountHint(component: string, appid: string): string {
  return `${component}/${appid}`;
}
