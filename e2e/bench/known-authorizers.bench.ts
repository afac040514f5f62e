import { randomBytes } from 'node:crypto';
import { SERVICE_ACCOUNT } from '../support/deployment.ts';
import type { Bench, Round } from './bench.ts';
import { Crossing } from './crossing.ts';
import { knowAuthorizers } from './know-authorizers.ts';
import { median } from './median.ts';

const FEW = 100;
const MANY = 100_000;
/** Called one after the other, each so seldom that nothing about it is cached from the last time. */
const SPREAD = 10_000;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 11);
const PACE = { callers: 16, seconds: 3 };
const MAX_RATIO = 1.1;

const bench: Bench = {
  name: `calls while ${MANY.toLocaleString('en')} authorizers are known`,
  measured: `processor time of a call (the deployment and Redis) for one of ${FEW} accounts, ${MANY.toLocaleString('en')} are known`,
  against: `the same where these ${FEW} are all that is known`,
  guide: { atMost: MAX_RATIO },
  run,
};
export default bench;

async function run() {
  const few = await knowing(FEW);
  const many = await knowing(MANY);
  try {
    const rounds: Round[] = [];
    const spread: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const first = round % 2 ? await costOf(few, few.tokens) : undefined;
      const measured = await costOf(many, many.tokens.slice(0, FEW));
      const against = first ?? (await costOf(few, few.tokens));
      const all = await costOf(
        many,
        many.tokens.filter((_, i) => i % (MANY / SPREAD) === 0),
      );
      if (round === 0) continue;
      rounds.push({ measured, against });
      spread.push(all);
    }
    return {
      unit: 'µs',
      rounds,
      facts: [
        {
          what: `every call was answered by WeChat (over ${SPREAD.toLocaleString('en')} accounts one after the other, none cached: ${median(spread).toFixed(0)} µs)`,
          holds: true,
        },
      ],
    };
  } finally {
    await few.crossing.close();
    await many.crossing.close();
  }
}

interface Knowing {
  readonly crossing: Crossing;
  readonly tokens: readonly string[];
}

async function knowing(count: number): Promise<Knowing> {
  const secretsKey = randomBytes(32);
  const crossing = await Crossing.open('within', { SECRETS_KEY: secretsKey.toString('base64') });
  return { crossing, tokens: await knowAuthorizers(crossing.deployment, SERVICE_ACCOUNT, count, secretsKey) };
}

/** Of one call, in µs. */
async function costOf({ crossing }: Knowing, tokens: readonly string[]): Promise<number> {
  const before = crossing.processorSeconds();
  const { calls } = await crossing.askFor(tokens, PACE);
  const after = crossing.processorSeconds();
  return ((after.deployment - before.deployment + after.redis - before.redis) / calls) * 1e6;
}
