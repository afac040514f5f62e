import { insertUnlessThere } from '../database/insert-unless-there.ts';
import type { Sql } from '../database/open.ts';
import { repeat } from '../database/repeat.ts';
import type { RedisClient } from '../redis/connect.ts';
import { hashField } from '../redis/hash-field.ts';
import { defineScript } from '../redis/script.ts';
import { resealField } from '../sealing/reseal-field.ts';
import type { Resealed, Seals } from '../sealing/seals.ts';
import { DRAW_FENCE } from '../token/fence.ts';
import { READINESS } from './readiness.ts';

const HOUR_MS = 60 * 60_000;
const TICKET_LIFE_MS = 12 * HOUR_MS;

export interface ArrivedTicket {
  readonly ticket: string;
  /** WeChat's, in seconds. */
  readonly createTime: number;
  readonly receivedAt: Date;
}

export interface TicketView {
  /** WeChat's CreateTime of the stored ticket. */
  readonly createdAt: Date;
  readonly receivedAt: Date;
  readonly expiresAt: Date;
}

/**
 * The greatest CreateTime wins, and among equal ones the later arrival: workers may run the jobs of two tickets in either
 * order. A new ticket also ends the component token's backoff, since a lack of it may have caused the failure; nor does
 * the failure of a fetch count that was sent with the former one.
 */
const keep = defineScript({
  uses: [READINESS, DRAW_FENCE],
  keys: ['ticket', 'token', 'lastFence', 'ready'],
  args: ['sealed', 'createTime', 'receivedAt', 'expiresAt', 'channel', 'owner'],
  lua: `
local stored = tonumber(redis.call('HGET', ticket, 'createTime') or '-1')
local storedAt = tonumber(redis.call('HGET', ticket, 'receivedAt') or '-1')
local isNewer = tonumber(createTime) > stored
local kept = 0
if isNewer or (tonumber(createTime) == stored and tonumber(receivedAt) >= storedAt) then
  kept = 1
  redis.call('HSET', ticket, 'ticket', sealed, 'createTime', createTime, 'receivedAt', receivedAt, 'expiresAt', expiresAt)
  -- Longer than the ticket is valid, so that the status can say "expired" instead of "none was received".
  redis.call('PEXPIREAT', ticket, ms(tonumber(expiresAt) + ${24 * HOUR_MS}))
  if isNewer and redis.call('EXISTS', token, lastFence) > 0 then
    redis.call('HDEL', token, 'retryAt')
    if redis.call('EXISTS', lastFence) == 1 then draw_fence(token, lastFence) end
    redis.call('PUBLISH', channel, owner)
  end
end
readiness_update(token, ticket, ready)
return kept`,
  decode: (kept: number) => kept === 1,
});

interface TicketCopy {
  readonly ticket_sealed: string;
  readonly ticket_create_time: number;
  readonly ticket_received_at: number;
}

/** The newest ticket of each component in Redis, and a sealed copy in SQL, from which an emptied Redis is restored. */
export class Tickets {
  readonly #redis: RedisClient;
  readonly #sql: Sql;
  readonly #seals: Seals;

  constructor(redis: RedisClient, sql: Sql, seals: Seals) {
    this.#redis = redis;
    this.#sql = sql;
    this.#seals = seals;
  }

  /**
   * In Redis and SQL, also if the database is away for a moment. `older`: a newer one is stored; deliveries are not ordered
   * (protocol §1.3).
   */
  async keep(component: string, ticket: string, createTime: number, receivedAt: Date): Promise<'kept' | 'older'> {
    const arrived = { ticket, createTime, receivedAt };
    const outcome = await this.keepLive(component, arrived);
    if (outcome === 'kept') await repeat(() => this.copy(component, arrived));
    return outcome;
  }

  /** In Redis, where it is used from. */
  async keepLive(component: string, { ticket, createTime, receivedAt }: ArrivedTicket): Promise<'kept' | 'older'> {
    const sealed = this.#seals.seal(ticket, place(component));
    const kept = await this.#keepSealed(component, sealed, createTime * 1000, receivedAt.getTime());
    return kept ? 'kept' : 'older';
  }

  /** In SQL, for the case that Redis is lost. A newer copy stays. Can be repeated. */
  async copy(component: string, { ticket, createTime, receivedAt }: ArrivedTicket): Promise<void> {
    const row = {
      ticket_sealed: this.#seals.seal(ticket, place(component)),
      ticket_create_time: createTime * 1000,
      ticket_received_at: receivedAt.getTime(),
    };
    if (await this.#updateCopy(component, row)) return;
    const first = this.#sql.insertInto('components').values({ appid: component, ...row });
    if (!(await insertUnlessThere(first))) await this.#updateCopy(component, row);
  }

  /** The ticket's value while it is valid. */
  current(component: string): Promise<string | undefined> {
    return readTicket(this.#redis, this.#seals, component);
  }

  view(component: string): Promise<TicketView | undefined> {
    return readTicketView(this.#redis, component);
  }

  /** The copy in SQL. */
  async viewCopy(component: string): Promise<TicketView | undefined> {
    const row = await this.#sql.selectFrom('components').selectAll().where('appid', '=', component).executeTakeFirst();
    if (!row?.ticket_sealed || row.ticket_create_time === null) return undefined;
    const createdAt = Number(row.ticket_create_time);
    return {
      createdAt: new Date(createdAt),
      receivedAt: new Date(Number(row.ticket_received_at ?? createdAt)),
      expiresAt: new Date(createdAt + TICKET_LIFE_MS),
    };
  }

  /** Copies the ticket from SQL into Redis, if it is still valid and Redis has no newer one. */
  async restore(component: string): Promise<boolean> {
    const row = await this.#sql.selectFrom('components').selectAll().where('appid', '=', component).executeTakeFirst();
    if (!row?.ticket_sealed || row.ticket_create_time === null) return false;
    const createTime = Number(row.ticket_create_time);
    if (createTime + TICKET_LIFE_MS <= Date.now()) return false;
    return this.#keepSealed(component, row.ticket_sealed, createTime, Number(row.ticket_received_at ?? createTime));
  }

  /** Changes only the key under which the live ticket is sealed. */
  resealLive(component: string): Promise<Resealed> {
    const field = hashField(this.#redis, this.#redis.keyspace.ticket(component), 'ticket');
    return resealField(this.#seals, place(component), field);
  }

  /** Seals the copy in SQL under the first key. */
  resealCopy(component: string): Promise<Resealed> {
    return resealField(this.#seals, place(component), {
      read: async () => {
        const row = await this.#sql
          .selectFrom('components')
          .select('ticket_sealed')
          .where('appid', '=', component)
          .executeTakeFirst();
        return row?.ticket_sealed;
      },
      swap: async (from, to) => {
        const { numUpdatedRows } = await this.#sql
          .updateTable('components')
          .set({ ticket_sealed: to })
          .where('appid', '=', component)
          .where('ticket_sealed', '=', from)
          .executeTakeFirst();
        return numUpdatedRows > 0n;
      },
    });
  }

  /** False if there is no copy yet, or one of a newer ticket, by the same rule as in Redis. */
  async #updateCopy(component: string, row: TicketCopy): Promise<boolean> {
    const { numUpdatedRows } = await this.#sql
      .updateTable('components')
      .set(row)
      .where('appid', '=', component)
      .where((eb) =>
        eb.or([
          eb('ticket_create_time', 'is', null),
          eb('ticket_create_time', '<', row.ticket_create_time),
          eb.and([
            eb('ticket_create_time', '=', row.ticket_create_time),
            eb.or([eb('ticket_received_at', 'is', null), eb('ticket_received_at', '<=', row.ticket_received_at)]),
          ]),
        ]),
      )
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  #keepSealed(component: string, sealed: string, createTime: number, receivedAt: number): Promise<boolean> {
    const { keyspace } = this.#redis;
    return keep.run(
      this.#redis,
      {
        ticket: keyspace.ticket(component),
        token: keyspace.token(component, component, 'component'),
        lastFence: keyspace.fence(component, component, 'component'),
        ready: keyspace.ready(component),
      },
      {
        sealed,
        createTime,
        receivedAt,
        expiresAt: createTime + TICKET_LIFE_MS,
        channel: keyspace.channels.tokens,
        owner: `component-${component}-${component}`,
      },
    );
  }
}

/** The value of the ticket that is held in Redis, while it is valid. */
export async function readTicket(redis: RedisClient, seals: Seals, component: string): Promise<string | undefined> {
  const [sealed, expiresAt] = await redis.hmget(redis.keyspace.ticket(component), 'ticket', 'expiresAt');
  if (!sealed || Number(expiresAt) <= Date.now()) return undefined;
  return seals.open(sealed, place(component));
}

/** The ticket that is held in Redis, also for some time after its end. */
export async function readTicketView(redis: RedisClient, component: string): Promise<TicketView | undefined> {
  const key = redis.keyspace.ticket(component);
  const [createTime, receivedAt, expiresAt] = await redis.hmget(key, 'createTime', 'receivedAt', 'expiresAt');
  if (!createTime) return undefined;
  return {
    createdAt: new Date(Number(createTime)),
    receivedAt: new Date(Number(receivedAt)),
    expiresAt: new Date(Number(expiresAt)),
  };
}

function place(component: string): string {
  return `${component}/${component}/ticket`;
}
