import { randomInt } from 'node:crypto';
import { type AddressInfo, createServer } from 'node:net';

/** A port on which no process listens at this moment. */
export async function freePort(): Promise<number> {
  return (await portIfFree(0))!;
}

const BUS_DISTANCE = 10_000;

/** A port that is free, as is the one on which a server of a Redis Cluster talks to the others. */
export async function freeClusterPort(): Promise<number> {
  for (;;) {
    // Both are below the ports that systems give to outgoing connections.
    const port = randomInt(11_000, 22_000);
    if ((await portIfFree(port)) && (await portIfFree(port + BUS_DISTANCE))) return port;
  }
}

/** `wanted` 0: any port. */
async function portIfFree(wanted: number): Promise<number | undefined> {
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) =>
    server.once('error', () => resolve(false)).listen(wanted, '127.0.0.1', () => resolve(true)),
  );
  if (!isFree) return undefined;
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
