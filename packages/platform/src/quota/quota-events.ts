import type { RedisClient } from '../redis/connect.ts';
import type { QuotaLevel } from './ledger.ts';

const MAX_EVENTS = 1_000;
const READ_AT_ONCE = 100;

export interface QuotaEvent {
  readonly level: QuotaLevel;
  readonly component: string;
  readonly appid: string;
  readonly path: string;
  readonly used: number;
  readonly limit: number | null;
  /** ISO 8601. */
  readonly at: string;
}

/** An event, and the position right behind it. */
export interface PlacedQuotaEvent {
  readonly event: QuotaEvent;
  readonly position: string;
}

/** The last thousand or so warnings of each component, in a Redis stream. */
export class QuotaEvents {
  readonly #redis: RedisClient;
  readonly #components: readonly string[];

  constructor(redis: RedisClient, components: readonly string[]) {
    this.#redis = redis;
    this.#components = components;
  }

  async append(event: QuotaEvent): Promise<void> {
    const key = this.#redis.keyspace.quotaEvents(event.component);
    await this.#redis.xadd(key, 'MAXLEN', '~', MAX_EVENTS, '*', 'event', JSON.stringify(event));
  }

  /** The position behind all present events. */
  async end(): Promise<string> {
    const ends = await Promise.all(
      this.#components.map(async (component) => {
        const [last] = await this.#redis.xrevrange(this.#redis.keyspace.quotaEvents(component), '+', '-', 'COUNT', 1);
        return [component, last?.[0] ?? '0-0'] as const;
      }),
    );
    return write(new Map(ends));
  }

  /** The events after a position, a bounded number; an invalid position is the start. */
  async after(position: string): Promise<PlacedQuotaEvent[]> {
    const positions = read(position);
    const found = await Promise.all(
      this.#components.map(async (component) => {
        const from = positions.get(component) ?? '0-0';
        const entries = await this.#redis.xrange(
          this.#redis.keyspace.quotaEvents(component),
          `(${from}`,
          '+',
          'COUNT',
          READ_AT_ONCE,
        );
        return entries.map(([id, [, text]]) => ({ component, id, event: JSON.parse(text!) as QuotaEvent }));
      }),
    );
    // Each stream keeps its order; between them the time decides.
    const merged = found.flat().sort((a, b) => Number.parseInt(a.id, 10) - Number.parseInt(b.id, 10));
    return merged.map(({ component, id, event }) => {
      positions.set(component, id);
      return { event, position: write(positions) };
    });
  }
}

/** One place in each component's stream: `wxa=1-0,wxb=2-0`. */
function write(positions: ReadonlyMap<string, string>): string {
  return [...positions].map(([component, id]) => `${component}=${id}`).join(',');
}

function read(position: string): Map<string, string> {
  return new Map(
    [...position.matchAll(/([\w-]{1,64})=(\d{1,18}-\d{1,18})/g)].map(([, component, id]) => [component!, id!]),
  );
}
