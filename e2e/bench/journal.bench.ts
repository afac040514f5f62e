import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BulkThread } from '../../packages/platform/src/database/bulk-thread.ts';
import { deliveryRow, insertDeliveries } from '../../packages/platform/src/delivery/delivery-rows.ts';
import { settleSteps } from '../../packages/platform/src/delivery/settle-steps.ts';
import type { NewPush } from '../../packages/platform/src/journal/journaled-push.ts';
import { Persons } from '../../packages/platform/src/journal/person.ts';
import { pushIdOf } from '../../packages/platform/src/journal/push-id.ts';
import { insertPushes } from '../../packages/platform/src/journal/push-row.ts';
import { pushPlace } from '../../packages/platform/src/journal/stream-entry.ts';
import { Seals } from '../../packages/platform/src/sealing/seals.ts';
import type { Bench, Figures, Round } from './bench.ts';
import { MariaDb } from './maria-db.ts';
import { median } from './median.ts';
import { openMigrated } from './open-migrated.ts';
import { processorSeconds } from './process-cost.ts';

const PUSHES = 1_000;
/** Of a journal that keeps up: what arrives in a tenth of a second. */
const BATCH = 100;
const SETTLED_AT_ONCE = 200;
const ROUNDS = 30;
/** Of a text message. */
const PUSH_BYTES = 450;
const SUBSCRIPTIONS = ['sub_a', 'sub_b'].map((id) => ({ id, timeoutMs: 15_000 }));
const COMPONENT = 'wx00000000000000c0';

const onMariaDb: Bench = {
  ...promise('MariaDB'),
  async run() {
    const mariaDb = await MariaDb.start();
    try {
      return await measure('MariaDB', await mariaDb.newDatabase(), mariaDb.pid);
    } finally {
      await mariaDb.stop();
    }
  },
};

const onSqlite: Bench = {
  ...promise('SQLite'),
  async run() {
    const dir = await mkdtemp(join(tmpdir(), 'wxthirdparty-bench-'));
    try {
      return await measure('SQLite', `sqlite:${join(dir, 'journal.sqlite')}`);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
};

export default [onMariaDb, onSqlite];

function promise(kind: string): Omit<Bench, 'run'> {
  return {
    name: `1,000 pushes a second in the journal on ${kind}`,
    measured: `${PUSHES} pushes are journaled with two deliveries each, and these are settled`,
    against: 'the pushes alone are journaled',
    guide: { measuredAtMost: 1_000 },
  };
}

async function measure(kind: string, url: string, databasePid?: number): Promise<Figures> {
  const sql = await openMigrated(url);
  const writer = new BulkThread(url);
  // Every commit is on the disk, as on a server that loses nothing.
  if (databasePid) await writer.write([{ text: 'set global innodb_flush_log_at_trx_commit = 1', parameters: [] }]);
  const journal = new Journal(writer);
  try {
    const rounds: Round[] = [];
    let spent = { process: 0, database: 0 };
    for (let round = 0; round <= ROUNDS; round++) {
      const against = await timed(() => journal.write(PUSHES, false));
      const before = { process: process.cpuUsage(), database: databasePid ? processorSeconds(databasePid) : 0 };
      const measured = await timed(() => journal.write(PUSHES, true));
      if (round === 0) continue;
      const { user, system } = process.cpuUsage(before.process);
      spent = {
        process: spent.process + (user + system) / 1e6,
        database: spent.database + (databasePid ? processorSeconds(databasePid) - before.database : 0),
      };
      rounds.push({ measured, against });
    }
    const rate = (1_000 * PUSHES) / median(rounds.map(({ measured }) => measured));
    const percent = (seconds: number) => `${((100 * seconds) / ROUNDS).toFixed(0)} %`;
    const server = databasePid ? `, and ${percent(spent.database)} by the server` : '';
    const counts = await Promise.all(
      (['pushes', 'deliveries'] as const).map((table) =>
        sql
          .selectFrom(table)
          .select((eb) => eb.fn.countAll<number>().as('count'))
          .executeTakeFirstOrThrow(),
      ),
    );
    const all = (ROUNDS + 1) * PUSHES;
    return {
      unit: 'ms',
      rounds,
      facts: [
        {
          what: `${kind}: ${rate.toFixed(0)} pushes a second; 1,000 a second take ${percent(spent.process)} of a processor in the process${server}`,
          holds: rate >= PUSHES,
        },
        {
          what: 'every push and delivery is stored once',
          holds: Number(counts[0]!.count) === 2 * all && Number(counts[1]!.count) === 2 * all,
        },
      ],
    };
  } finally {
    await writer.close();
    await sql.destroy();
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

class Journal {
  readonly #writer: BulkThread;
  readonly #seals: Seals;
  readonly #persons: Persons;
  #count = 0;

  constructor(writer: BulkThread) {
    const keys = [randomBytes(32)];
    this.#writer = writer;
    this.#seals = new Seals(keys);
    this.#persons = new Persons(keys);
  }

  async write(count: number, delivers: boolean): Promise<void> {
    const settling: Promise<unknown>[] = [];
    for (let written = 0; written < count; written += BATCH) {
      const pushes = Array.from({ length: BATCH }, () => this.#push());
      const rows = delivers ? this.#deliveries(pushes) : [];
      const { changes } = await this.#writer.apply([
        insertPushes(pushes, this.#persons),
        ...(delivers ? [{ ...insertDeliveries(rows), onlyWith: { step: 0, rows: rows.map((_, i) => i >> 1) } }] : []),
      ]);
      if (changes.some((step) => step.includes(false))) throw new Error('a row existed before');
      // The settle batches of a process go beside the journal's.
      for (let at = 0; at < rows.length; at += SETTLED_AT_ONCE) {
        settling.push(
          this.#settle(rows.slice(at, at + SETTLED_AT_ONCE).map(({ subscription, push }) => [subscription, push])),
        );
      }
    }
    await Promise.all(settling);
  }

  #push(): NewPush {
    const number = ++this.#count;
    const receivedAt = new Date();
    const id = pushIdOf(receivedAt.getTime() / 1_000, randomBytes(10).toString('hex').slice(0, 19));
    return {
      component: COMPONENT,
      id,
      appid: `wx${String(number % 500).padStart(16, '0')}`,
      type: 'message.text',
      note: null,
      openid: `oPerson${number % 10_000}`,
      createTime: receivedAt,
      receivedAt,
      seq: receivedAt.getTime() * 1_000 + (number % 1_000),
      sealed: this.#seals.sealBytes(randomBytes(PUSH_BYTES), pushPlace(COMPONENT, id)),
    };
  }

  #deliveries(pushes: readonly NewPush[]) {
    const now = new Date();
    return pushes.flatMap((push) =>
      SUBSCRIPTIONS.map((subscription) => deliveryRow({ subscription, push, asked: false }, now)),
    );
  }

  async #settle(keys: readonly (readonly [string, string])[]): Promise<void> {
    const at = new Date();
    const outcome = {
      attempts: 0,
      isAttempt: true,
      state: 'delivered',
      pendingAt: null,
      status: 200,
      code: null,
    } as const;
    const settled = keys.map(([subscription, push], i) => ({ subscription, push, ...outcome, ms: i, at }));
    const { changes } = await this.#writer.apply(settleSteps(settled));
    if (changes[0]?.includes(false)) throw new Error('a delivery was settled before');
  }
}
