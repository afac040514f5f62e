import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AuthorizerStore } from '../../packages/platform/src/authorizer/authorizer-store.ts';
import { Profiles } from '../../packages/platform/src/authorizer/profiles.ts';
import type { Sql } from '../../packages/platform/src/database/open.ts';
import { Events } from '../../packages/platform/src/events.ts';
import { ReconciliationStore } from '../../packages/platform/src/reconciliation/reconciliation-store.ts';
import { Reconciler, type ReconcilerOptions } from '../../packages/platform/src/reconciliation/reconciliations.ts';
import type { Seals } from '../../packages/platform/src/sealing/seals.ts';
import type { RefreshAhead } from '../../packages/platform/src/token/refresh-ahead.ts';
import { processorSeconds } from './process-cost.ts';

export const COMPONENT = 'wx00000000000000c0';

export interface ReconcileCost {
  /** Processor time of this process for each account; it includes SQLite. */
  readonly processorUs: number;
  /** Processor time of a database in a process of its own, for each account. */
  readonly databaseUs: number | undefined;
  /** The largest heap at any request for a page, garbage included. */
  readonly heapAboveIdleMb: number;
  readonly exact: boolean;
}

/** One reconciliation in this process with a list of WeChat's that is made up page by page: it holds these. */
export async function reconcileCost(
  sql: Sql,
  seals: Seals,
  appids: readonly string[],
  databasePid?: number,
): Promise<ReconcileCost> {
  collectGarbage();
  const idle = process.memoryUsage().heapUsed;
  let most = idle;
  const api = {
    getAuthorizerList: async ({ offset, count }: { offset: number; count: number }) => {
      most = Math.max(most, process.memoryUsage().heapUsed);
      const items = appids.slice(offset, offset + count).map((appid) => {
        return { appid, refreshToken: `refreshtoken@@@${appid}`, authorizedAt: new Date(1_000) };
      });
      return { total: appids.length, items };
    },
  } as unknown as ReconcilerOptions['api'];
  // Tokens and due set are not measured; one token is always available.
  const tokens = {
    ensure: async () => ({ value: 'token' }),
    store: { forgiveAccount: async () => {}, erase: async () => {} },
  } as unknown as ReconcilerOptions['tokens'];
  const refreshAhead = { drop: async () => {} } as unknown as RefreshAhead;
  const store = new ReconciliationStore(sql);
  const authorizers = new AuthorizerStore(sql, seals);
  const events = new Events();
  const notices = { revoked: async () => {} };
  const profiles = new Profiles({ api, tokens, store: authorizers, refreshAhead, notices, events });
  const reconciler = new Reconciler({ sql, api, tokens, store, authorizers, profiles, events });

  const before = { process: process.cpuUsage(), database: databasePid && processorSeconds(databasePid) };
  const { run } = await store.begin(COMPONENT, 'requested');
  await reconciler.work(run.id, new AbortController().signal);
  const { user, system } = process.cpuUsage(before.process);
  const databaseSeconds = databasePid && processorSeconds(databasePid) - before.database!;
  const ended = await store.find(run.id);
  return {
    processorUs: (user + system) / appids.length,
    databaseUs: databaseSeconds === undefined ? undefined : (databaseSeconds * 1e6) / appids.length,
    heapAboveIdleMb: (most - idle) / 2 ** 20,
    exact: ended?.state === 'completed' && ended.seen === appids.length && ended.changed === 0 && ended.revoked === 0,
  };
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
