import type { EventEmitter } from 'node:events';
import type { Events } from './events.ts';
import type { RedisClient } from './redis/connect.ts';
import { mastersOf } from './redis/servers.ts';

/** Publishes each time that a connection, which stands for all of this process, works again. */
export function publishReconnections(redis: RedisClient, events: Events): void {
  const emitter: EventEmitter = redis;
  let lostAt: number | undefined;
  emitter.on('close', () => {
    lostAt ??= performance.now();
  });
  emitter.on('ready', () => {
    if (lostAt === undefined) return;
    const ms = Math.round(performance.now() - lostAt);
    lostAt = undefined;
    mastersOf(redis).then(
      ([master]) => {
        if (master) events.publish('redis', { what: 'reconnected', server: master.address, ms });
      },
      () => {},
    );
  });
}

/**
 * Recognizes that a server has taken the place of another one: a former master is gone and there is a new one. A master that was
 * only added or removed, as when a Cluster grows, is none.
 */
export class Failovers {
  readonly #events: Events;
  #masters: readonly string[] = [];

  constructor(events: Events) {
    this.#events = events;
  }

  /** `masters`: the addresses of all, answering or not. */
  see(masters: readonly string[]): void {
    const former = this.#masters;
    if (masters.length === 0) return;
    this.#masters = masters;
    if (former.every((address) => masters.includes(address))) return;
    for (const server of masters) {
      if (!former.includes(server)) this.#events.publish('redis', { what: 'failover', server });
    }
  }
}
