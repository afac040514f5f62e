import { Cluster, type Redis } from 'ioredis';

/** For an answer that arrived, or a command that was written, only after the process had stalled. */
const GRACE_MS = 500;
/** How ioredis' error begins when nothing arrived for `socketTimeout`. */
const SOCKET_TIMEOUT = 'Socket timeout.';

/**
 * Node runs timers before it reads sockets. So after this process has stalled for longer than a time limit (a frozen process, a busy
 * host, a long computation), ioredis would end connections to a Redis that has answered, or has not been asked yet. With this, it
 * reads first.
 */
export function readBeforeTimeout(connection: Redis | Cluster): void {
  if (connection instanceof Cluster) connection.on('+node', (node: Redis) => readBeforeTimeout(node));
  else connection.on('connect', () => deferSocketTimeout(connection.stream));
}

/** Calls back when what has arrived is read. */
export function afterGrace(callback: () => void): void {
  setTimeout(() => setImmediate(callback), GRACE_MS);
}

function deferSocketTimeout(stream: Redis['stream']): void {
  const destroy = stream.destroy;
  stream.destroy = (error?: Error) => {
    if (!error?.message.startsWith(SOCKET_TIMEOUT)) return destroy.call(stream, error);
    const { bytesRead } = stream;
    afterGrace(() => {
      if (stream.bytesRead === bytesRead) destroy.call(stream, error);
    });
    return stream;
  };
}
