import { Cluster, type Redis } from 'ioredis';
import { withDeadline } from '../deadline.ts';
import { SOCKET_TIMEOUT_MS } from './connect.ts';

const PROBE_INTERVAL_MS = 2_000;

/**
 * Finds out that a connection on which only messages arrive was cut. The connection ends by itself when a command of it is not
 * answered; a connection that sends nothing would not notice for many minutes.
 */
export function probeWhileSilent(connection: Redis | Cluster): { close(): void } {
  let isProbing = false;
  const timer = setInterval(() => {
    // Otherwise probes would accumulate during an outage.
    if (isProbing || connection.status !== 'ready') return;
    isProbing = true;
    void probe(connection).finally(() => {
      isProbing = false;
    });
  }, PROBE_INTERVAL_MS);
  return { close: () => clearInterval(timer) };
}

async function probe(connection: Redis | Cluster): Promise<void> {
  if (!(connection instanceof Cluster)) return void (await connection.ping().catch(() => {}));
  // A Cluster's client sends only this command by the connection on which messages arrive, and gives it no time limit.
  const answered = withDeadline(connection.subscribe(PROBE_CHANNEL), SOCKET_TIMEOUT_MS, () => new Error('no answer'));
  await answered.catch(() => connection.disconnect(true));
}

/** Nothing is published there. */
const PROBE_CHANNEL = 'wxthirdparty:probe';
