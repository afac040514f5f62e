import type { ComponentApi } from '@wxthirdparty/wechat';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript, NOW_LUA } from '../redis/script.ts';
import type { Components } from './components.ts';
import type { Tickets } from './ticket.ts';

const MINUTE_MS = 60_000;
/** Two pushes missed and a third overdue (protocol §1.4: one every ten minutes). */
const SILENCE_MS = 25 * MINUTE_MS;
const MAX_BACKOFF_MS = 30 * MINUTE_MS;
const FORGET_AFTER_MS = 2 * MAX_BACKOFF_MS;

/** Lease and backoff in one: who gets 1 asks, and nobody else until the next turn. KEYS: request. */
const claim = defineScript<number>(`${NOW_LUA}
if tonumber(redis.call('HGET', KEYS[1], 'nextAt') or '0') > now then return 0 end
local turn = redis.call('HINCRBY', KEYS[1], 'turns', 1)
local wait = math.min(${MINUTE_MS} * 2 ^ (turn - 1), ${MAX_BACKOFF_MS})
redis.call('HSET', KEYS[1], 'nextAt', string.format('%.0f', now + wait))
redis.call('PEXPIRE', KEYS[1], ${FORGET_AFTER_MS})
return 1`);

/** WeChat can stop pushing tickets after failures (protocol §1.3, §3.1): where none comes, ask it to start again. */
export async function requestTicketsIfSilent(
  component: string,
  {
    redis,
    components,
    tickets,
    api,
  }: { redis: RedisClient; components: Components; tickets: Tickets; api: ComponentApi },
): Promise<'not_needed' | 'asked_lately' | 'started' | 'was_running'> {
  const ticket = await tickets.view(component);
  const now = Date.now();
  if (ticket && ticket.expiresAt.getTime() > now && now - ticket.receivedAt.getTime() < SILENCE_MS) {
    await redis.del(redis.keyspace.ticketRequest(component));
    return 'not_needed';
  }
  if ((await claim(redis, [redis.keyspace.ticketRequest(component)], [])) !== 1) return 'asked_lately';
  const { appid, appsecret } = components.get(component);
  return api.startPushTicket({ appid, appsecret });
}
