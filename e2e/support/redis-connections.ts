/** How many connections processes of ours have to a Redis server; without replication, the test's own and those of a moment. */
export async function connectionsTo(server: {
  call(command: string, ...args: string[]): Promise<unknown>;
}): Promise<number> {
  const clients = String(await server.call('CLIENT', 'LIST', 'TYPE', 'NORMAL'))
    .trim()
    .split('\n');
  const subscribers = String(await server.call('CLIENT', 'LIST', 'TYPE', 'PUBSUB'))
    .trim()
    .split('\n');
  return [...clients, ...subscribers].filter((line) => / name=(?!\S*refresher)\S+/.test(line)).length;
}
