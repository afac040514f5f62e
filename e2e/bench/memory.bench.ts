import type { Bench, Round } from './bench.ts';
import { Crossing } from './crossing.ts';
import { memoryMb } from './process-cost.ts';

const CALLS = Number(process.env.BENCH_CALLS ?? 1_000_000);
const MINUTES = Number(process.env.BENCH_MINUTES ?? 20);
const CALLERS = 32;
const STEPS = 20;
/** By then caches are full, and records expire in Redis as fast as new ones are added: their TTL is two minutes. */
const WARM_STEPS = 4;
const MAX_GROWTH = 1.1;

const bench: Bench = {
  name: 'memory over very many calls',
  measured: 'gateway and worker at a later step',
  against: `the same once a ${STEPS / WARM_STEPS}th of the calls was done`,
  guide: { atMost: MAX_GROWTH },
  run,
};
export default bench;

async function run() {
  const crossing = await Crossing.open('apart');
  const { deployment } = crossing;
  try {
    const parts = {
      gateway: deployment.gateways[0]!.pid,
      worker: deployment.workers[0]!.pid,
      redis: deployment.redis.pid,
    };
    const steps: Record<keyof typeof parts, number>[] = [];
    const begunAt = performance.now();
    let calls = 0;
    const secondsLeft = () => MINUTES * 60 - (performance.now() - begunAt) / 1_000;
    // Measured in calls, or in time if the calls would take too long: a step is a share of either.
    for (let step = 1; step <= STEPS; step++) {
      while (calls < (CALLS * step) / STEPS && secondsLeft() > (MINUTES * 60 * (STEPS - step)) / STEPS) {
        calls += (await crossing.ask('deployment', { callers: CALLERS, seconds: 2 })).calls;
      }
      steps.push({
        gateway: memoryMb(parts.gateway).now,
        worker: memoryMb(parts.worker).now,
        redis: memoryMb(parts.redis).now,
      });
    }
    const [warm, ...later] = steps.slice(WARM_STEPS - 1);
    const sum = ({ gateway, worker }: (typeof steps)[number]) => gateway + worker;
    const rounds: Round[] = later.map((step) => ({ measured: sum(step), against: sum(warm!) }));
    const last = later.at(-1)!;
    const grown = (part: keyof typeof parts) => ({
      what: `${part}: ${warm![part].toFixed(0)} MB, at the end ${last[part].toFixed(0)} MB, guide ${MAX_GROWTH} times`,
      holds: last[part] <= warm![part] * MAX_GROWTH,
    });
    return {
      unit: 'MB',
      rounds,
      facts: [
        {
          what: `${calls.toLocaleString('en')} calls were done, of ${CALLS.toLocaleString('en')}`,
          holds: calls >= CALLS,
        },
        ...(['gateway', 'worker', 'redis'] as const).map(grown),
      ],
    };
  } finally {
    await crossing.close();
  }
}
