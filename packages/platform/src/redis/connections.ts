import { Cluster, type Redis } from 'ioredis';
import type { HostAndPort } from './address.ts';
import { type ConnectionMode, connectRedis, type RedisClient, type RedisSettings, redisAddressOf } from './connect.ts';
import { leaveFormerPrimary, watchSentinels } from './failover.ts';
import { probeWhileSilent } from './silent-connection.ts';
import { SlotRefresher } from './slot-refresher.ts';

/** All connections of a process to its Redis. When a primary or master is replaced, they reach the new one together. */
export class RedisConnections {
  readonly #settings: RedisSettings;
  readonly #open = new Set<Redis | Cluster>();
  readonly #watcher: { close(): void } | undefined;
  readonly #slots = new SlotRefresher();

  constructor(settings: RedisSettings) {
    this.#settings = settings;
    const address = redisAddressOf(settings.redisUrl);
    const follow = (primary: HostAndPort) => {
      for (const connection of this.#open) leaveFormerPrimary(connection, primary);
    };
    this.#watcher = address.kind === 'sentinel' ? watchSentinels(address, follow) : undefined;
  }

  /** Opens one connection; answers before it is ready. The caller closes it. */
  open(mode: ConnectionMode, name: string): RedisClient {
    const connection = connectRedis(this.#settings, mode, name);
    this.#open.add(connection);
    if (connection instanceof Cluster) this.#slots.add(connection);
    connection.once('end', () => this.#open.delete(connection));
    return connection;
  }

  /** A connection that sends nothing while it waits for messages. */
  openSubscriber(name: string): RedisClient {
    const subscriber = this.open('blocking', name);
    const probe = probeWhileSilent(subscriber);
    subscriber.once('end', () => probe.close());
    return subscriber;
  }

  close(): void {
    this.#watcher?.close();
    this.#slots.close();
  }
}
