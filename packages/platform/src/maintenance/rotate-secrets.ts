import { Failure } from '@wxthirdparty/wechat';
import { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import { tokenEffects } from '../authorizer/token-effects.ts';
import { CallStore } from '../call/call-store.ts';
import { Tickets } from '../component/ticket.ts';
import { BulkThread } from '../database/bulk-thread.ts';
import { migrateOpen } from '../database/migrate.ts';
import { openDatabase } from '../database/open.ts';
import { Deployment } from '../deployment/deployment.ts';
import { PushStore } from '../journal/push-store.ts';
import { connectRedis, type RedisSettings, untilConnected } from '../redis/connect.ts';
import { Scope } from '../scope.ts';
import { type Resealed, Seals } from '../sealing/seals.ts';
import { sealedColumns } from '../subscription/subscription-row.ts';
import { SubscriptionStore } from '../subscription/subscription-store.ts';
import { accountOwners, componentOwners, type TokenOwner } from '../token/token.ts';
import { TokenStore } from '../token/token-store.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** Another process may change the same value at the same time, but not continuously. */
const MAX_TRIES = 5;
const MAX_NAMED = 20;

export interface ResealReport {
  /** Sealed values that were read. */
  readonly looked: number;
  readonly resealed: number;
  /** Found under an older key after all were resealed: a process still seals with it. */
  readonly remaining: number;
  readonly unsealable: number;
  /** The names of the first of those. */
  readonly unsealablePlaces: readonly string[];
  /** Requests and results of calls under an older key; they expire by themselves. */
  readonly callBodies: number;
  /** Pushes of the journal under an older key; they end with PUSH_DAYS. */
  readonly pushes: number;
}

/**
 * Seals every lasting secret in SQL and Redis under the first of the keys, one by one, and only if it is still the value
 * that was read. So processes may run meanwhile, and it may be interrupted and restarted at any time.
 */
export async function reseal(
  settings: RedisSettings & { readonly databaseUrl: string; readonly secretsKeys: readonly Buffer[] },
  options: { progress?: (done: { looked: number; resealed: number }) => void; signal?: AbortSignal } = {},
): Promise<ResealReport> {
  await using scope = new Scope();
  const seals = new Seals(settings.secretsKeys);
  const database = scope.keep('database', openDatabase(settings.databaseUrl), (d) => d.destroy());
  await migrateOpen(database);
  const redis = scope.keep('redis', connectRedis(settings, 'blocking', 'reseal'), (r) => r.disconnect());
  await untilConnected(redis, CONNECT_TIMEOUT_MS);

  const deployment = new Deployment(redis, database, settings.secretsKeys);
  await deployment.claim();
  // Before anything is sealed under it: a process with this key alone may start from now on.
  await deployment.mark.addFirstKey(await deployment.id());

  const authorizers = new AuthorizerStore(database, seals);
  const tickets = new Tickets(redis, database, seals);
  const tokens = new TokenStore(redis, seals, tokenEffects);
  const subscriptions = new SubscriptionStore(database, seals);
  const journalWriter = scope.keep('journal writer', new BulkThread(settings.databaseUrl), (w) => w.close());

  const tokenStep = (owner: TokenOwner): [string, () => Promise<Resealed>] => {
    const { kind, component, appid } = owner;
    return [`${kind} token of ${appid}${appid === component ? '' : ` for ${component}`}`, () => tokens.reseal(owner)];
  };

  /** Everything sealed that lasts, by its name for the report. */
  async function* everything(): AsyncGenerator<[string, () => Promise<Resealed>][]> {
    const components = await database.selectFrom('components').select('appid').execute();
    yield components.flatMap(({ appid }): [string, () => Promise<Resealed>][] => [
      [`ticket of ${appid} in Redis`, () => tickets.resealLive(appid)],
      [`ticket of ${appid} in SQL`, () => tickets.resealCopy(appid)],
      ...componentOwners(appid).map(tokenStep),
    ]);
    for (const id of await subscriptions.allIds()) {
      yield sealedColumns.map((column): [string, () => Promise<Resealed>] => [
        `${column} of ${id}`,
        () => subscriptions.reseal(id, column),
      ]);
    }
    for await (const page of authorizers.all()) {
      yield page.flatMap(({ component, appid }): [string, () => Promise<Resealed>][] => [
        [`grant of ${appid} to ${component}`, () => authorizers.grants.reseal(component, appid)],
        ...accountOwners(component, appid).map(tokenStep),
      ]);
    }
  }

  let [looked, resealed] = [0, 0];
  const unsealable = new Set<string>();
  const pass = async (isFirst: boolean): Promise<number> => {
    let changed = 0;
    for await (const page of everything()) {
      options.signal?.throwIfAborted();
      const outcomes = await Promise.all(page.map(async ([name, step]) => ({ name, outcome: await settle(step) })));
      for (const { name, outcome } of outcomes) {
        if (outcome === 'none') continue;
        // The second pass reads the same secrets again.
        if (isFirst) looked++;
        if (outcome === 'unsealable') unsealable.add(name);
        if (outcome === 'resealed' || outcome === 'superseded') changed++;
      }
      options.progress?.({ looked, resealed: resealed + (isFirst ? changed : 0) });
    }
    return changed;
  };
  resealed = await pass(true);
  // What a process with the older key in front has written meanwhile.
  const remaining = await pass(false);
  const callBodies = await new CallStore(redis, seals).countUnderOlderKeys();
  const pushes = await new PushStore({ sql: database, writer: journalWriter, seals }).countUnderOlderKeys(
    options.signal,
  );
  if (remaining === 0 && unsealable.size === 0 && callBodies === 0 && pushes === 0)
    await deployment.mark.removeOlderKeys();
  return {
    looked,
    resealed,
    remaining,
    unsealable: unsealable.size,
    unsealablePlaces: [...unsealable].slice(0, MAX_NAMED),
    callBodies,
    pushes,
  };
}

async function settle(step: () => Promise<Resealed>): Promise<Resealed | 'unsealable'> {
  try {
    for (let tries = 1; ; tries++) {
      const outcome = await step();
      if (outcome !== 'superseded' || tries === MAX_TRIES) return outcome;
    }
  } catch (error) {
    if (error instanceof Failure && error.code === 'unsealable') return 'unsealable';
    throw error;
  }
}
