import type { Bench, Round } from './bench.ts';
import { Crossing, type Where } from './crossing.ts';
import { median } from './median.ts';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 11);
const SECONDS = 3;
/** What a program without a platform sees hardly varies. */
const DIRECT_ROUNDS = 3;

/** The time that the deployment adds to a call, at a fixed rate of calls. */
export function callLatency(where: Where, perSecond: number, addedAtMost: number): Bench {
  return {
    name: `added p50 at ${perSecond}/s, ${where === 'within' ? 'node' : 'split'}`,
    measured: `p50 through ${where === 'within' ? 'one node' : 'gateway, queue and worker'}, from when it was due`,
    against: 'p50 through a bare proxy with a cached token; WeChat answers at once',
    guide: { addedAtMost },
    async run() {
      const crossing = await Crossing.open(where);
      try {
        await crossing.warmUp();
        const rounds: Round[] = [];
        const late: number[] = [];
        const direct: number[] = [];
        const costs = { process: [] as number[], redis: [] as number[] };
        for (let round = 0; round < ROUNDS; round++) {
          const ways = round % 2 ? (['deployment', 'proxy'] as const) : (['proxy', 'deployment'] as const);
          const served = { deployment: { p50: 0, p99: 0 }, proxy: { p50: 0, p99: 0 } };
          for (const way of ways) {
            const before = crossing.processorSeconds();
            served[way] = await crossing.ask(way, { perSecond, seconds: SECONDS });
            if (way === 'proxy') continue;
            const after = crossing.processorSeconds();
            const perCall = 1e6 / (perSecond * SECONDS);
            costs.process.push((after.deployment - before.deployment) * perCall);
            costs.redis.push((after.redis - before.redis) * perCall);
          }
          rounds.push({ measured: served.deployment.p50, against: served.proxy.p50 });
          late.push(served.deployment.p99 - served.proxy.p99);
          if (round < DIRECT_ROUNDS) direct.push((await crossing.ask('direct', { perSecond, seconds: SECONDS })).p50);
        }
        const asides = `added p99 ${median(late).toFixed(2)} ms; p50 of a program that calls WeChat directly ${median(direct).toFixed(2)} ms`;
        return {
          unit: 'ms',
          rounds,
          facts: [
            { what: `every call was answered by WeChat (${asides})`, holds: true },
            {
              what: `a call costs ${median(costs.process).toFixed(0)} µs of all processes and ${median(costs.redis).toFixed(0)} µs of Redis, what is done without calls included`,
              holds: true,
            },
          ],
        };
      } finally {
        await crossing.close();
      }
    },
  };
}
