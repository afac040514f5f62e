import { createHash, randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuthorizerStore } from '../../packages/platform/src/authorizer/authorizer-store.ts';
import { writeCursor } from '../../packages/platform/src/paging.ts';
import { Seals } from '../../packages/platform/src/sealing/seals.ts';
import type { Bench, Round } from './bench.ts';
import { ClaimCost } from './claim-cost.ts';
import { MariaDb } from './maria-db.ts';
import { median } from './median.ts';
import { openMigrated } from './open-migrated.ts';
import { COMPONENT, type ReconcileCost, reconcileCost } from './reconcile-cost.ts';

const FEW = 1_000;
const MANY = 100_000;
/** What `GET /v1/authorizers` reads for a page, and one more to know whether another follows. */
const PAGE = 101;
const ROUNDS = 20;
const PAGES_A_ROUND = 25;
const CLAIMED = 500;
const CLAIM_ROUNDS = 40;
const MAX_MEMORY_MB = 64;
const MAX_PAGE_RATIO = 1.2;
const MAX_CLAIM_RATIO = 2;

const bench: Bench = {
  name: `${MANY.toLocaleString('en')} authorizers`,
  measured: `a page at a random cursor among ${MANY.toLocaleString('en')}, on SQLite and MariaDB`,
  against: `the same among ${FEW.toLocaleString('en')}`,
  guide: { atMost: MAX_PAGE_RATIO },
  run,
};
export default bench;

async function run() {
  const dir = await mkdtemp(join(tmpdir(), 'wxthirdparty-bench-'));
  const mariaDb = await MariaDb.start();
  try {
    const onSqlite = await onDatabase('SQLite', async (name) => `sqlite:${join(dir, `${name}.sqlite`)}`);
    const onMariaDb = await onDatabase('MariaDB', () => mariaDb.newDatabase(), mariaDb.pid);
    return {
      unit: 'ms',
      rounds: [...onSqlite.rounds, ...onMariaDb.rounds],
      facts: [...onSqlite.facts, ...onMariaDb.facts, await claims(dir)],
    };
  } finally {
    await mariaDb.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

/** Fills two databases by a reconciliation from nothing, does it again with nothing to change, and reads pages. */
async function onDatabase(kind: string, newUrl: (name: string) => Promise<string>, pid?: number) {
  const seals = new Seals([randomBytes(32)]);
  const few = { appids: appids(FEW), sql: await openMigrated(await newUrl('few')) };
  const many = { appids: appids(MANY), sql: await openMigrated(await newUrl('many')) };
  try {
    const costs: [string, ReconcileCost, ReconcileCost][] = [];
    for (const which of ['from nothing', 'again']) {
      const ofFew = await reconcileCost(few.sql, seals, few.appids, pid);
      costs.push([which, await reconcileCost(many.sql, seals, many.appids, pid), ofFew]);
    }
    const pageOf = (all: typeof few) => pageCost(new AuthorizerStore(all.sql, seals), all.appids);
    const rounds: Round[] = [];
    // Neither is always the first.
    for (let round = 0; round <= ROUNDS; round++) {
      const first = round % 2 ? await pageOf(few) : undefined;
      const measured = await pageOf(many);
      const against = first ?? (await pageOf(few));
      if (round > 0) rounds.push({ measured, against });
    }
    const ratio = median(rounds.map(({ measured, against }) => measured / against));
    return {
      rounds,
      facts: [
        {
          what: `${kind}: a page costs ${ratio.toFixed(2)} times as much, guide ${MAX_PAGE_RATIO}`,
          holds: ratio <= MAX_PAGE_RATIO,
        },
        ...costs.flatMap(([which, ofMany, ofFew]) => reconcileFacts(`${kind}, reconciled ${which}`, ofMany, ofFew)),
      ],
    };
  } finally {
    await few.sql.destroy();
    await many.sql.destroy();
  }
}

function reconcileFacts(name: string, ofMany: ReconcileCost, ofFew: ReconcileCost) {
  const each = ({ processorUs, databaseUs }: ReconcileCost) =>
    `${processorUs.toFixed(0)} µs${databaseUs === undefined ? '' : ` and ${databaseUs.toFixed(0)} µs of the database server`}`;
  return [
    {
      what: `${name}: ${each(ofMany)} an account (of ${FEW.toLocaleString('en')}: ${each(ofFew)}), every account is seen`,
      holds: ofMany.exact && ofFew.exact,
    },
    {
      what: `${name}: heap ${ofMany.heapAboveIdleMb.toFixed(0)} MB above idle with its garbage, guide ${MAX_MEMORY_MB}`,
      holds: ofMany.heapAboveIdleMb <= MAX_MEMORY_MB,
    },
  ];
}

/** The median of some pages, in ms. */
async function pageCost(store: AuthorizerStore, all: readonly string[]): Promise<number> {
  const took: number[] = [];
  for (let i = 0; i < PAGES_A_ROUND; i++) {
    // A whole page follows each.
    const appid = all[randomInt(all.length - PAGE)]!;
    const begunAt = performance.now();
    const cursor = writeCursor(appid, COMPONENT);
    const page = (await store.lists.page({ limit: PAGE - 1, cursor })).items;
    took.push(performance.now() - begunAt);
    if (page.length !== PAGE - 1) throw new Error(`a page of ${page.length}`);
  }
  return median(took);
}

async function claims(dir: string) {
  const few = await ClaimCost.open(dir, FEW);
  const many = await ClaimCost.open(dir, MANY);
  try {
    const rounds: Round[] = [];
    for (let round = 0; round <= CLAIM_ROUNDS; round++) {
      const first = round % 2 ? await few.claim(CLAIMED) : undefined;
      const measured = await many.claim(CLAIMED);
      const against = first ?? (await few.claim(CLAIMED));
      if (round > 0) rounds.push({ measured, against });
    }
    const ratio = median(rounds.map(({ measured, against }) => measured / against));
    const [ofMany, ofFew] = [median(rounds.map((r) => r.measured)), median(rounds.map((r) => r.against))];
    return {
      what: `the due set: ${CLAIMED} due claimed in ${ofMany.toFixed(2)} ms, of ${FEW.toLocaleString('en')} in ${ofFew.toFixed(2)} ms: ${ratio.toFixed(2)} times, guide ${MAX_CLAIM_RATIO}`,
      holds: ratio <= MAX_CLAIM_RATIO,
    };
  } finally {
    await few.close();
    await many.close();
  }
}

/** As WeChat's are: as good as random. In order. */
function appids(count: number): string[] {
  const digest = (i: number) => createHash('sha256').update(String(i)).digest('hex');
  return Array.from({ length: count }, (_, i) => `wx${digest(i).slice(0, 16)}`).sort();
}
