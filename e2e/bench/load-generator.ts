import type { Order, Served } from './load-talk.ts';
import { RawConnection } from './raw-connection.ts';

/** A process that asks as it is told; talks with the bench over Node's own channel. */
const MAX_CONNECTIONS = 256;

let open: { readonly port: number; readonly idle: RawConnection[]; all: number } | undefined;

process.on('message', (order: Order) => {
  serve(order).then(tell, (error: unknown) => tell({ failure: String(error) }));
});
process.once('disconnect', () => process.exit());

function tell(served: Served): void {
  process.send!(served);
}

async function serve(order: Order): Promise<Served> {
  if (open?.port !== order.port) {
    for (const connection of open?.idle ?? []) connection.close();
    open = { port: order.port, idle: [], all: 0 };
  }
  const begunAt = performance.now();
  const took = 'perSecond' in order.pace ? await atRate(order, order.pace) : await inTurn(order, order.pace);
  const seconds = (performance.now() - begunAt) / 1_000;
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))]!;
  return { calls: took.length, seconds, p50: at(0.5), p99: at(0.99) };
}

/**
 * Asks when the time has come, whether or not what was asked before is answered, and counts from when it was due: so a
 * slow answer does not keep the next questions from being asked, and their waiting is not left out.
 */
async function atRate(order: Order, { perSecond, seconds }: { perSecond: number; seconds: number }): Promise<number[]> {
  const calls = perSecond * seconds;
  const took: number[] = [];
  const waiting: (() => void)[] = [];
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  const begunAt = performance.now() + 5;
  const ask = async (i: number) => {
    const connection = await take(order.port, waiting);
    await askOver(connection, order, i);
    took.push(performance.now() - (begunAt + (i * 1_000) / perSecond));
    open!.idle.push(connection);
    waiting.shift()?.();
    if (took.length === calls) resolve();
  };
  let next = 0;
  const tick = () => {
    const due = Math.min(calls, Math.floor(((performance.now() - begunAt) * perSecond) / 1_000) + 1);
    for (; next < due; next++) ask(next).catch(reject);
    if (next < calls) setTimeout(tick, Math.max(1, begunAt + (next * 1_000) / perSecond - performance.now()));
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

async function inTurn(order: Order, { callers, seconds }: { callers: number; seconds: number }): Promise<number[]> {
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
