import type { Bench } from './bench.ts';
import { MariaDb } from './maria-db.ts';
import { parseSeconds, type SyncCost, syncCosts } from './sync-cost.ts';

/** A shorter run: `BENCH_FOLLOWERS=100000 npm run bench follower`. */
const FOLLOWERS = Number(process.env.BENCH_FOLLOWERS ?? 1_000_000);
const MAX_MEMORY_MB = 150;
/** Seconds of a million, of two cores. */
const GUIDES: Readonly<Record<string, number>> = {
  'SQLite, first': 40,
  'SQLite, again': 12,
  'MariaDB, first': 10,
  'MariaDB, again': 10,
};

const bench: Bench = {
  name: `a sync of ${FOLLOWERS.toLocaleString('en')} followers with details`,
  measured: 'processor time of worker and database for a million, on SQLite and MariaDB, first and again',
  against: 'JSON.parse alone of the same answers',
  guide: { atMost: 30 },
  run,
};
export default bench;

async function run() {
  const parsed = parseSeconds(FOLLOWERS);
  const costs = await syncCosts('SQLite', FOLLOWERS, {});
  const mariaDb = await MariaDb.start();
  try {
    costs.push(...(await syncCosts('MariaDB', FOLLOWERS, { DATABASE_URL: await mariaDb.newDatabase() }, mariaDb.pid)));
  } finally {
    await mariaDb.stop();
  }
  return {
    unit: 's',
    rounds: costs.map((cost) => ({ measured: aMillion(spent(cost)), against: aMillion(parsed) })),
    facts: costs.flatMap(facts),
  };
}

function facts(cost: SyncCost) {
  const { name, workerSeconds, databaseSeconds, clockSeconds, aboveIdleMb, exact } = cost;
  const guide = GUIDES[name]!;
  const seconds = (value: number) => aMillion(value).toFixed(1);
  return [
    {
      what: `${name}: ${seconds(spent(cost))} s a million (worker ${seconds(workerSeconds)}, database server ${seconds(databaseSeconds)}; ${seconds(clockSeconds)} by the clock, with WeChat's side on the same cores), guide ${guide}`,
      holds: aMillion(spent(cost)) <= guide,
    },
    {
      what: `${name}: ${aboveIdleMb.toFixed(0)} MB above idle, guide ${MAX_MEMORY_MB}`,
      holds: aboveIdleMb <= MAX_MEMORY_MB,
    },
    { what: `${name}: every follower is there`, holds: exact },
  ];
}

function spent({ workerSeconds, databaseSeconds }: SyncCost): number {
  return workerSeconds + databaseSeconds;
}

function aMillion(seconds: number): number {
  return (seconds / FOLLOWERS) * 1e6;
}
