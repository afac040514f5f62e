import { isIP } from 'node:net';
import { Cluster, Redis } from 'ioredis';
import type { HostAndPort, SentinelAddress } from './address.ts';
import { CONNECT_TIMEOUT_MS, retryDelay, SOCKET_TIMEOUT_MS } from './connect.ts';
import { probeWhileSilent } from './silent-connection.ts';

const SWITCHED = '+switch-master';

/**
 * Reports each primary that a Sentinel names in place of another. It listens to every Sentinel, since one that is frozen or
 * cut off reports nothing: without it, clients stay on a primary that is frozen or was replaced as planned. A connection to
 * a Sentinel that was lost asks for the primary when it is back.
 */
export function watchSentinels(address: SentinelAddress, follow: (primary: HostAndPort) => void): { close(): void } {
  const closers = address.sentinels.map((sentinel) => watchSentinel(address, sentinel, follow));
  return {
    close() {
      for (const close of closers) close();
    },
  };
}

function watchSentinel(
  { sentinelCredentials, masterName, tls }: SentinelAddress,
  { host, port }: HostAndPort,
  follow: (primary: HostAndPort) => void,
): () => void {
  const sentinel = new Redis({
    host,
    port,
    ...sentinelCredentials,
    ...(tls ? { tls: {} } : {}),
    connectionName: 'failover',
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    retryStrategy: retryDelay,
    maxRetriesPerRequest: null,
    enableReadyCheck: false,
    autoResubscribe: false,
  });
  let named: string | undefined;
  const onNamed = (primary: HostAndPort) => {
    const text = `${primary.host}:${primary.port}`;
    const former = named;
    named = text;
    if (former !== undefined && former !== text) follow(primary);
  };
  // /readyz and the start report what cannot be reached.
  sentinel.on('error', () => {});
  sentinel.on('ready', () => {
    // Sent together, so that no switch is missed between them.
    const asked = sentinel.call('SENTINEL', 'get-master-addr-by-name', masterName);
    sentinel.subscribe(SWITCHED).catch(() => {});
    asked.then(
      (answer) => {
        if (Array.isArray(answer)) onNamed({ host: String(answer[0]), port: Number(answer[1]) });
      },
      () => {},
    );
  });
  sentinel.on('message', (_channel: string, message: string) => {
    const [name, , , host, port] = message.split(' ');
    if (name === masterName && host !== undefined) onNamed({ host, port: Number(port) });
  });
  const probe = probeWhileSilent(sentinel);
  return () => {
    probe.close();
    sentinel.disconnect();
  };
}

/**
 * Ends a connection that reaches another server than the primary; it asks the Sentinels where to connect to. At once, because
 * a frozen server does not take part in closing.
 */
export function leaveFormerPrimary(connection: Redis | Cluster, primary: HostAndPort): void {
  if (connection instanceof Cluster) return;
  const { stream } = connection;
  const isThere =
    isIP(primary.host) !== 0 && stream?.remoteAddress === primary.host && stream.remotePort === primary.port;
  if (!isThere) stream?.destroy();
}
