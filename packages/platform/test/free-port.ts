import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { createServer } from 'node:net';

/** Below the ports that systems give to outgoing connections, and to servers that accept any port. */
const FIRST_PORT = 11_000;
const END_PORT = 32_000;
const BUS_DISTANCE = 10_000;

/**
 * A port on which no process listens. No other test gets it before this process ends, so a server may be closed and opened
 * on it again, and a port on which no server was opened refuses connections.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, END_PORT);
    if (await claim(port)) return port;
  }
}

/** A port that is free, as is the one on which a server of a Redis Cluster talks to the others. */
export async function freeClusterPort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, END_PORT - BUS_DISTANCE);
    if ((await claim(port)) && (await claim(port + BUS_DISTANCE))) return port;
  }
}

/** The UDP port of the same number, which no server of ours uses, is the mark that the other processes see. */
async function claim(port: number): Promise<boolean> {
  const mark = await bound(port);
  if (mark === undefined) return false;
  if (await isFree(port)) return true;
  mark.close();
  return false;
}

function bound(port: number): Promise<Socket | undefined> {
  const socket = createSocket('udp4');
  return new Promise((resolve) =>
    socket.once('error', () => resolve(undefined)).bind(port, '127.0.0.1', () => resolve(socket.unref())),
  );
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const isListening = await new Promise<boolean>((resolve) =>
    server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)),
  );
  if (isListening) await new Promise((resolve) => server.close(resolve));
  return isListening;
}
