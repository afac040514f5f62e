import type { RedisClient } from './connect.ts';
import type { Keyspace } from './keys.ts';

type Listener = (message: Buffer) => void;

/**
 * Listens on pub/sub. A hint only saves waiting: code that depends on a state also polls it, since messages
 * sent while the connection was down are gone.
 */
export class Hints {
  readonly channels: Keyspace['channels'];
  readonly #subscriber: RedisClient;
  readonly #listeners = new Map<string, Set<Listener>>();

  constructor(subscriber: RedisClient) {
    this.channels = subscriber.keyspace.channels;
    this.#subscriber = subscriber;
    subscriber.on('messageBuffer', (channel: Buffer, message: Buffer) => {
      for (const listener of this.#listeners.get(channel.toString()) ?? []) listener(message);
    });
  }

  /** Returns what ends it. ioredis subscribes again by itself after a reconnect. */
  on(channel: string, listener: (message: string) => void): () => void {
    return this.onBytes(channel, (message) => listener(message.toString()));
  }

  onBytes(channel: string, listener: Listener): () => void {
    const there = this.#listeners.get(channel);
    if (there) there.add(listener);
    else {
      this.#listeners.set(channel, new Set([listener]));
      this.#subscriber.subscribe(channel).catch(() => {});
    }
    return () => {
      this.#listeners.get(channel)?.delete(listener);
    };
  }
}
