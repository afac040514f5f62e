import { randomBytes } from 'node:crypto';
import type { RedisClient } from '../redis/connect.ts';

/**
 * Makes every process read the subscriptions again: workers before they handle what is accepted from now on, gateways within
 * a second. Call it right after each change of what a snapshot needs, in SQL.
 */
export async function announceSubscriptionChange(redis: RedisClient): Promise<void> {
  const { subscriptionsMark, channels } = redis.keyspace;
  await redis.set(subscriptionsMark, randomBytes(9).toString('base64url'));
  // Only a hint.
  await redis.publish(channels.subscriptions, '').catch(() => {});
}
