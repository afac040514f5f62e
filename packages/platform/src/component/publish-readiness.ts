import type { Events } from '../events.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { Hints } from '../redis/hints.ts';
import { readReadiness } from './status.ts';

/** Publishes the changes of readiness that scripts announce to all processes (`READINESS`), in their order. */
export function publishReadiness(hints: Hints, redis: RedisClient, events: Events): void {
  let published = Promise.resolve();
  hints.on(hints.channels.readiness, (message) => {
    const match = /\{([^:}]+):[^}]+\}\S* ([01])$/.exec(message);
    if (!match) return;
    const component = match[1]!;
    const ready = match[2] === '1';
    const reasonsOf = async () => (ready ? [] : (await readReadiness(redis, component)).reasons);
    published = published
      .then(reasonsOf)
      .catch(() => [])
      .then((reasons) => events.publish('readiness', { component, ready, reasons }));
  });
}
