import { MAX_CONNECTIONS, type Order, type Served } from './load-talk.ts';
import { RawConnection } from './raw-connection.ts';

/** A process that sends requests as ordered; it communicates with the bench over the IPC channel of Node. */

let open: { readonly port: number; readonly idle: RawConnection[]; all: number } | undefined;

process.on('message', (order: Order) => {
  serve(order).then(report, (error: unknown) => report({ failure: String(error) }));
});
process.once('disconnect', () => process.exit());

function report(served: Served): void {
  process.send!(served);
}

async function serve(order: Order): Promise<Served> {
  if (open?.port !== order.port) {
    for (const connection of open?.idle ?? []) connection.close();
    open = { port: order.port, idle: [], all: 0 };
  }
  const startedAt = performance.now();
  const took = 'perSecond' in order.pace ? await atRate(order, order.pace) : await byCallers(order, order.pace);
  const seconds = (performance.now() - startedAt) / 1_000;
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))]!;
  return { calls: took.length, seconds, p50: at(0.5), p99: at(0.99) };
}

/**
 * Sends each request at its due time, whether or not earlier ones are answered, and measures from the due time: so a
 * slow answer does not delay the next requests, and their waiting time is included.
 */
async function atRate(order: Order, { perSecond, seconds }: { perSecond: number; seconds: number }): Promise<number[]> {
  const calls = perSecond * seconds;
  const took: number[] = [];
  const waiting: (() => void)[] = [];
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  const startedAt = performance.now() + 5;
  const ask = async (i: number) => {
    const connection = await take(order.port, waiting);
    await askOver(connection, order, i);
    took.push(performance.now() - (startedAt + (i * 1_000) / perSecond));
    open!.idle.push(connection);
    waiting.shift()?.();
    if (took.length === calls) resolve();
  };
  let next = 0;
  const tick = () => {
    const due = Math.min(calls, Math.floor(((performance.now() - startedAt) * perSecond) / 1_000) + 1);
    for (; next < due; next++) ask(next).catch(reject);
    if (next < calls) setTimeout(tick, Math.max(1, startedAt + (next * 1_000) / perSecond - performance.now()));
  };
  tick();
  await done;
  return took;
}

async function take(port: number, waiting: (() => void)[]): Promise<RawConnection> {
  for (;;) {
    const idle = open!.idle.pop();
    if (idle) return idle;
    if (open!.all < MAX_CONNECTIONS) {
      open!.all++;
      return RawConnection.open(port);
    }
    await new Promise<void>((resolve) => waiting.push(resolve));
  }
}

async function byCallers(order: Order, { callers, seconds }: { callers: number; seconds: number }): Promise<number[]> {
  const until = performance.now() + seconds * 1_000;
  const took: number[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      const connection = await take(order.port, []);
      for (let now = performance.now(); now < until; ) {
        await askOver(connection, order, next++);
        const answeredAt = performance.now();
        took.push(answeredAt - now);
        now = answeredAt;
      }
      open!.idle.push(connection);
    }),
  );
  return took;
}

async function askOver(connection: RawConnection, { requests, expect }: Order, i: number): Promise<void> {
  const answer = await connection.send(requests[i % requests.length]!);
  if (!answer.includes(expect)) throw new Error(`an answer was ${answer.slice(0, 1_000)}`);
}
