import type { Bench, Round } from './bench.ts';
import { Crossing } from './crossing.ts';
import { median } from './median.ts';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 11);
/** Fewer than the inline slots of one account: further calls would go through the queue. */
const CALLERS = 32;
const SECONDS = 3;
/** What a program without a platform sees hardly varies. */
const DIRECT_ROUNDS = 3;
/** Of the processor, in microseconds a call. */
const MAX_COST_US = { deployment: 320, redis: 60 };

const bench: Bench = {
  name: 'calls that follow each other, sent by the node that receives them',
  measured: `calls of one node, ${CALLERS} callers without a pause`,
  against: 'the same through a bare proxy with a cached token; WeChat answers at once',
  guide: { atLeast: 0.35 },
  run,
};
export default bench;

async function run() {
  const crossing = await Crossing.open('within');
  try {
    await crossing.warmUp();
    const rounds: Round[] = [];
    const direct: number[] = [];
    const costs = { deployment: [] as number[], redis: [] as number[], proxy: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      const ways = round % 2 ? (['deployment', 'proxy'] as const) : (['proxy', 'deployment'] as const);
      const perSecond = { deployment: 0, proxy: 0 };
      for (const way of ways) {
        const before = crossing.processorSeconds();
        const { calls, seconds } = await crossing.ask(way, { callers: CALLERS, seconds: SECONDS });
        const after = crossing.processorSeconds();
        perSecond[way] = calls / seconds;
        for (const part of way === 'proxy' ? (['proxy'] as const) : (['deployment', 'redis'] as const)) {
          costs[part].push(((after[part] - before[part]) / calls) * 1e6);
        }
      }
      rounds.push({ measured: perSecond.deployment, against: perSecond.proxy });
      if (round < DIRECT_ROUNDS) {
        const { calls, seconds } = await crossing.ask('direct', { callers: CALLERS, seconds: SECONDS });
        direct.push(calls / seconds);
      }
    }
    const cost = (part: 'deployment' | 'redis', name: string) => ({
      what: `${name}: ${median(costs[part]).toFixed(0)} µs of the processor a call, guide at most ${MAX_COST_US[part]} µs`,
      holds: median(costs[part]) <= MAX_COST_US[part],
    });
    const asides = `the proxy ${median(costs.proxy).toFixed(0)} µs a call; directly ${median(direct).toFixed(0)}/s`;
    return {
      unit: '/s',
      rounds,
      facts: [
        { what: `every call was answered by WeChat (${asides})`, holds: true },
        cost('deployment', 'the node'),
        cost('redis', 'Redis'),
      ],
    };
  } finally {
    await crossing.close();
  }
}
