import type { Bench, Round } from './bench.ts';
import { Crossing } from './crossing.ts';
import { median } from './median.ts';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 11);
const CALLERS = 64;
const SECONDS = 3;

const bench: Bench = {
  name: 'calls that follow each other, gateway and worker in one process',
  measured: `calls through gateway, queue and worker, ${CALLERS} callers without a pause`,
  against: 'the same through a bare proxy with a cached token; WeChat answers at once',
  guide: { atLeast: 0.25 },
  run,
};
export default bench;

async function run() {
  const crossing = await Crossing.open('within');
  try {
    const rounds: Round[] = [];
    const costs: { house: number; redis: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const ways = round % 2 ? (['house', 'proxy'] as const) : (['proxy', 'house'] as const);
      const perSecond = { house: 0, proxy: 0 };
      for (const way of ways) {
        const before = crossing.processorSeconds();
        const { calls, seconds } = await crossing.ask(way, { callers: CALLERS, seconds: SECONDS });
        perSecond[way] = calls / seconds;
        if (way === 'proxy') continue;
        const after = crossing.processorSeconds();
        const us = (part: 'house' | 'redis') => ((after[part] - before[part]) / calls) * 1e6;
        costs.push({ house: us('house'), redis: us('redis') });
      }
      rounds.push({ measured: perSecond.house, against: perSecond.proxy });
    }
    const cost = (part: 'house' | 'redis') => `${median(costs.map((one) => one[part])).toFixed(0)} µs`;
    return {
      unit: '/s',
      rounds,
      facts: [
        {
          what: `every call was answered by WeChat (processor: ${cost('house')}, Redis ${cost('redis')})`,
          holds: true,
        },
      ],
    };
  } finally {
    await crossing.close();
  }
}
