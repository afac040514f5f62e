import type { ComponentApi } from '@wxthirdparty/wechat';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript, REDIS_CLOCK } from '../redis/script.ts';
import type { Components } from './components.ts';
import type { Tickets } from './ticket.ts';

const MINUTE_MS = 60_000;
/** Two pushes are missing and a third one is overdue (protocol §1.4: one every ten minutes). */
const SILENCE_MS = 25 * MINUTE_MS;
const MAX_BACKOFF_MS = 30 * MINUTE_MS;
const BACKOFF_TTL_MS = 2 * MAX_BACKOFF_MS;

/** Lease and backoff in one: the process that gets true asks WeChat, and no other process does before `nextAt`. */
const claim = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['request'],
  lua: `
if tonumber(redis.call('HGET', request, 'nextAt') or '0') > now then return 0 end
local count = redis.call('HINCRBY', request, 'turns', 1)
local wait = math.min(${MINUTE_MS} * 2 ^ (count - 1), ${MAX_BACKOFF_MS})
redis.call('HSET', request, 'nextAt', ms(now + wait))
redis.call('PEXPIRE', request, ${BACKOFF_TTL_MS})
return 1`,
  decode: (isClaimed: number) => isClaimed === 1,
});

/** WeChat can stop pushing tickets after failures (protocol §1.3, §3.1). If none arrives, this asks it to start again. */
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
  if (!(await claim.run(redis, { request: redis.keyspace.ticketRequest(component) }))) return 'asked_lately';
  const { appid, appsecret } = components.get(component);
  return api.startPushTicket({ appid, appsecret });
}
