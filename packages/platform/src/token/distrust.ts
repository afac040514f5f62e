import { defineScript } from '../redis/script.ts';

/** A replacement has to be this old before an endpoint that has accepted none may refuse it again. */
const MIN_AGE_MS = 5_000;
/** How long an acceptance proves that the token is valid, since every token ends some day. */
const ACCEPTANCE_COUNTS_MS = 30_000;
/** For one owner, whatever its endpoints answer. Component tokens may be as few as 2,000 a day (protocol §3.2). */
const MAX_DISTRUSTS_AN_HOUR = 20;
/** Fields of one owner's hash: at most three per path. */
const MAX_FIELDS = 600;
/** For how long a distrust is remembered. */
export const DISTRUST_TTL_MS = 60 * 60_000;

/** `superseded`: another token is or will be the current one. `kept`: the refusal is attributed to the endpoint, not to the token. */
export type Distrust = 'distrusted' | 'superseded' | 'kept';

/**
 * Whether a refusal voids the token. WeChat answers 40001 for other reasons, too (protocol §3.12), so an endpoint that
 * refuses every token would otherwise have one fetched per call. On the other hand, a token that WeChat has voided early
 * has to be replaced at once, before the next caller meets it. So a refusal is believed
 *
 * - at once, if it is the first in an hour; or if the endpoint itself has accepted this token before; or if another
 *   has, and this endpoint has cost no token yet;
 * - otherwise only if the token is five seconds old, and for the same endpoint twice as old after every time. Until then
 *   the refusal is the endpoint's;
 * - not at all, if this endpoint has refused the same token before and another has accepted it since, in the last 30 s; nor
 *   beyond a number per hour.
 *
 * `acceptedAgoMs`: how long ago the accepted request of another path departed (-1: none). `distrusts`: one hash per owner.
 */
export const distrust = {
  args: ['version', 'path', 'acceptedAgoMs'],
  lua: `
local acceptedAgo = tonumber(acceptedAgoMs)
local current, trustedUntil, publishedAt = unpack(redis.call('HMGET', record, 'version', 'trustedUntil', 'publishedAt'))
local outcome = 'superseded'
if current == version and tonumber(trustedUntil or '0') > now then
  local refusedVersion, refusedAt, acceptedHere, acceptedVersion, acceptedAt, ofPath, ofOwner = unpack(redis.call('HMGET',
    distrusts, 'refused:' .. path, 'refusedAt:' .. path, 'accepted:' .. path, 'accepted', 'acceptedAt:' .. version,
    'count:' .. path, 'count'))
  local timesByPath, times = tonumber(ofPath or '0'), tonumber(ofOwner or '0')
  local hasAccepted = acceptedHere == version
  local lastAccepted = tonumber(acceptedAt or '0')
  if acceptedAgo >= 0 and now - acceptedAgo > lastAccepted then
    lastAccepted = now - acceptedAgo
    redis.call('HSET', distrusts, 'acceptedAt:' .. version, string.format('%.0f', lastAccepted))
  end
  local isAcceptedElsewhere = acceptedVersion == version or acceptedAgo >= 0
  local refusedBefore = refusedVersion == version
  local isProven = refusedBefore and not hasAccepted and lastAccepted > tonumber(refusedAt)
    and now - lastAccepted < ${ACCEPTANCE_COUNTS_MS}

  local minAge = ${MIN_AGE_MS} * 2 ^ timesByPath
  if times == 0 or hasAccepted or (timesByPath == 0 and isAcceptedElsewhere and not refusedBefore) then minAge = 0 end

  if isProven or times >= ${MAX_DISTRUSTS_AN_HOUR} or now - tonumber(publishedAt or '0') < minAge then
    outcome = 'kept'
    if not refusedBefore and redis.call('HLEN', distrusts) < ${MAX_FIELDS} then
      redis.call('HSET', distrusts, 'refused:' .. path, version, 'refusedAt:' .. path, string.format('%.0f', now))
    end
  else
    outcome = 'distrusted'
    redis.call('HSET', record, 'refreshAt', '0', 'trustedUntil', '0', 'distrustedAt', string.format('%.0f', now))
    redis.call('HINCRBY', distrusts, 'count:' .. path, 1)
    redis.call('HINCRBY', distrusts, 'count', 1)
  end
  if redis.call('PTTL', distrusts) < 0 then redis.call('PEXPIRE', distrusts, ${DISTRUST_TTL_MS}) end
end
`,
  decode: (outcome: Distrust) => outcome,
} as const;

/** Noted only while a distrust is remembered: otherwise no rule reads it. */
export const accept = defineScript({
  keys: ['distrusts'],
  args: ['version', 'path'],
  lua: `
if redis.call('EXISTS', distrusts) == 0 or redis.call('HLEN', distrusts) >= ${MAX_FIELDS} then return 0 end
redis.call('HSET', distrusts, 'accepted', version, 'accepted:' .. path, version)
return 1`,
});
