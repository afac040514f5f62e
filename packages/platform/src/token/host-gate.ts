import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Failure } from '@wxthirdparty/wechat';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript, REDIS_CLOCK } from '../redis/script.ts';
import { withRetryAfter } from './refresh-failure.ts';
import { RefusedAddresses, refusedAddressOf } from './refused-addresses.ts';

/** A forbidden address needs an operator; every probe is a refused request on WeChat's side. */
const FORBIDDEN_RETRY_MS = 30_000;
const MAX_FORBIDDEN_RETRY_MS = 10 * 60_000;
/** A probe that gets no connection costs WeChat nothing. */
const UNREACHED_RETRY_MS = 5_000;
const MAX_UNREACHED_RETRY_MS = 60_000;
/** While one probe is in flight, the others wait for its outcome. */
const PROBE_TIMEOUT_MS = 25_000;
const BEAT_INTERVAL_MS = 5_000;
const BEAT_TTL_MS = 20_000;

/**
 * `refreshers` maps process ids to the time of the last beat and the time until which the process cannot refresh.
 * `refreshes`: whether this process refreshes at all. Answers how many other live processes can refresh.
 */
const beat = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['refreshers'],
  args: ['id', 'closedForMs', 'refreshes', 'host', 'why'],
  lua: `
if refreshes == '1' then
  local entry = { at = now, closedUntil = now + tonumber(closedForMs), host = host, why = why }
  redis.call('HSET', refreshers, id, cjson.encode(entry))
  redis.call('PEXPIRE', refreshers, ${3 * BEAT_TTL_MS})
end
local able = 0
local all = redis.call('HGETALL', refreshers)
for i = 1, #all, 2 do
  local other = cjson.decode(all[i + 1])
  if now - other.at > ${BEAT_TTL_MS} then redis.call('HDEL', refreshers, all[i])
  elseif all[i] ~= id and other.closedUntil <= now then able = able + 1 end
end
return able`,
  decode: (able: number) => able,
});

const readAll = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['refreshers'],
  lua: `return { ms(now), redis.call('HVALS', refreshers) }`,
  decode: ([now, entries]: [string, string[]]) =>
    entries.map((text) => JSON.parse(text) as RefresherEntry).filter(({ at }) => Number(now) - at <= BEAT_TTL_MS),
});

/** `host`, `why`: written by processes of later versions only. */
interface RefresherEntry {
  readonly at: number;
  readonly closedUntil: number;
  readonly host?: string;
  readonly why?: string;
}

/** A live process that refreshes tokens. */
export interface Refresher {
  /** The name of its host, if it reports one. */
  readonly host: string | undefined;
  /** Why it cannot ask WeChat: the address that WeChat refuses, or a code; undefined: it can. */
  readonly why: string | undefined;
}

export async function readRefreshers(redis: RedisClient, component: string): Promise<Refresher[]> {
  const entries = await readAll.run(redis, { refreshers: redis.keyspace.refreshers(component) });
  return entries.map(({ at, closedUntil, host, why }) => ({
    host: host || undefined,
    why: closedUntil > at ? why || 'unknown' : undefined,
  }));
}

interface Closed {
  readonly failure: Failure;
  /** Until then nothing is asked; on this process' monotonic clock (ms). */
  until: number;
  readonly intervalMs: number;
  /** One request is in flight to find out. */
  isProbing: boolean;
}

/** Why this process does not ask now, and for how long. */
export interface ClosedGate {
  readonly failure: Failure;
  readonly retryInMs: number;
}

/**
 * Whether this process can ask WeChat for tokens. WeChat checks the caller's address per component (61004), and a host
 * may have no connection to WeChat at all; other hosts can go on. So such a failure is recorded here and not in the token's shared
 * record, unless no other process can refresh: then callers and status have to report it.
 */
export class HostGate {
  readonly #redis: RedisClient;
  readonly #refused: RefusedAddresses;
  readonly #id = randomUUID();
  readonly #closed = new Map<string, Closed>();
  /** How many other live processes could refresh at the last beat, by component. */
  readonly #others = new Map<string, number>();
  readonly #now: () => number;
  #refreshes = false;

  /** `now`: a monotonic clock (ms). */
  constructor(redis: RedisClient, now: () => number = () => performance.now()) {
    this.#redis = redis;
    this.#refused = new RefusedAddresses(redis);
    this.#now = now;
  }

  /** Whether some component's tokens cannot be fetched by this process: `/readyz` reports it. */
  get isDegraded(): boolean {
    return [...this.#closed.keys()].some((component) => this.#known(component) !== undefined);
  }

  closed(component: string): ClosedGate | undefined {
    const closed = this.#closed.get(component);
    const retryInMs = closed ? closed.until - this.#now() : 0;
    return closed && retryInMs > 0 ? { failure: withRetryAfter(closed.failure, retryInMs), retryInMs } : undefined;
  }

  /** Call right before a request is sent. Throws the recorded failure; after a closed time one request passes. */
  pass(component: string): void {
    const closed = this.closed(component);
    if (closed) throw closed.failure;
    const known = this.#known(component);
    if (!known) return;
    known.isProbing = true;
    known.until = this.#now() + PROBE_TIMEOUT_MS;
  }

  /** This process' request was refused for its address, or found no connection. True if that is new. */
  close(component: string, failure: Failure): boolean {
    this.#refused.note(component, failure);
    const known = this.#known(component);
    const now = this.#now();
    // Requests that were in flight together are one failure.
    if (known && now < known.until && !known.isProbing) return false;
    const [firstMs, maxMs] =
      failure.errcode === undefined
        ? [UNREACHED_RETRY_MS, MAX_UNREACHED_RETRY_MS]
        : [FORBIDDEN_RETRY_MS, MAX_FORBIDDEN_RETRY_MS];
    const intervalMs = known ? Math.min(known.intervalMs * 2, maxMs) : firstMs;
    this.#closed.set(component, { failure, until: now + intervalMs, intervalMs, isProbing: false });
    return known === undefined;
  }

  /** WeChat answered this process with anything but a refusal of its address. */
  open(component: string): void {
    this.#closed.delete(component);
  }

  /** Whether another live process can refresh this component's tokens. */
  async othersCan(component: string): Promise<boolean> {
    return (await this.#beat(component)) > 0;
  }

  /** Whether this process lets others do what needs this component's tokens, since they can; known from the last beat. */
  yields(component: string): boolean {
    return this.closed(component) !== undefined && (this.#others.get(component) ?? 0) > 0;
  }

  /** Counts this process among those that refresh, until it is closed. */
  keepBeating(components: readonly string[]): { close(): Promise<void> } {
    this.#refreshes = true;
    const beatAll = () => {
      // Without Redis nothing is refreshed either.
      for (const component of components) this.#beat(component).catch(() => {});
    };
    beatAll();
    const timer = setInterval(beatAll, BEAT_INTERVAL_MS);
    return {
      close: async () => {
        clearInterval(timer);
        this.#refreshes = false;
      },
    };
  }

  /**
   * A refusal is evidence until the time of the next probe, and once more as long for the probe to be made: while other
   * processes fetch the tokens, this one may have no reason to make it, and a repaired host must not stay degraded.
   */
  #known(component: string): Closed | undefined {
    const closed = this.#closed.get(component);
    if (!closed || this.#now() < closed.until + closed.intervalMs) return closed;
    this.#closed.delete(component);
    return undefined;
  }

  async #beat(component: string): Promise<number> {
    const closed = this.#closed.get(component);
    const closedForMs = closed ? Math.max(0, Math.ceil(closed.until - this.#now())) : 0;
    const refreshers = this.#redis.keyspace.refreshers(component);
    const failure = closedForMs > 0 ? closed?.failure : undefined;
    const why = failure ? (refusedAddressOf(failure) ?? failure.code) : '';
    const args = { id: this.#id, closedForMs, refreshes: this.#refreshes, host: hostname(), why };
    const others = await beat.run(this.#redis, { refreshers }, args);
    this.#others.set(component, others);
    return others;
  }
}
