import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { RefreshAhead } from '../../packages/platform/src/token/refresh-ahead.ts';
import { RedisServer } from '../support/redis.ts';

const COMPONENT = 'wx00000000000000c0';
const LATER_MS = 24 * 60 * 60_000;

/** The duration of a claim in a due set of this many authorizers, in a Redis of its own. */
export class ClaimCost {
  readonly #server: RedisServer;
  readonly #redis: ReturnType<RedisServer['client']>;
  readonly #refreshAhead: RefreshAhead;
  readonly #authorizers: number;
  #next = 0;

  private constructor(server: RedisServer, authorizers: number) {
    this.#server = server;
    this.#redis = server.client();
    this.#refreshAhead = new RefreshAhead(this.#redis);
    this.#authorizers = authorizers;
  }

  static async open(dir: string, authorizers: number): Promise<ClaimCost> {
    const server = await RedisServer.start(await mkdtemp(join(dir, 'redis-')));
    const cost = new ClaimCost(server, authorizers);
    for (let i = 0; i < authorizers; i += 5_000) await cost.#schedule(i, Math.min(5_000, authorizers - i), LATER_MS);
    return cost;
  }

  /** Makes this many of them due, claims them, returns the duration of the claim in ms, and makes them due later again. */
  async claim(count: number): Promise<number> {
    const from = this.#next;
    this.#next = (from + count) % this.#authorizers;
    await this.#schedule(from, count, -1);
    const begunAt = performance.now();
    const claimed = await this.#refreshAhead.claim(COMPONENT, count);
    const took = performance.now() - begunAt;
    if (claimed.length !== count) throw new Error(`${claimed.length} were claimed`);
    await this.#schedule(from, count, LATER_MS);
    return took;
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
    await this.#server.stop();
  }

  async #schedule(from: number, count: number, inMs: number): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, (_, i) => {
        const appid = `wx${String((from + i) % this.#authorizers).padStart(16, '0')}`;
        return this.#refreshAhead.schedule({ kind: 'authorizer', component: COMPONENT, appid }, inMs + Math.random());
      }),
    );
  }
}
