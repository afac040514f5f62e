import { Failure } from '@wxthirdparty/wechat';
import { migrateOpen } from '../database/migrate.ts';
import { openDatabase } from '../database/open.ts';
import { connectRedis, type RedisClient, type RedisSettings, untilConnected } from '../redis/connect.ts';
import { assertAllDone, sendTogether } from '../redis/send-together.ts';
import { scanAll } from '../redis/servers.ts';
import { Scope } from '../scope.ts';
import { Deployment } from './deployment.ts';
import { assertNoLiveProcess } from './live-processes.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const SCAN_COUNT = 1_000;

export interface AdoptionReport {
  /** Redis was this deployment's already; nothing was changed. */
  readonly wasOurs: boolean;
  /** Keys under the prefix, before anything was deleted. */
  readonly keys: number;
  /** Whether a key in SECRETS_KEY can open what is stored there. */
  readonly keyVerified: boolean;
  readonly done: 'nothing' | 'adopted' | 'discarded-and-adopted';
}

/**
 * Makes a Redis that carries the mark of another deployment this deployment's own: after the database was replaced. Its
 * contents are kept if they can be opened; `discard` deletes every key under the prefix. Without `confirmed` only reports.
 * Throws Failure `processes_alive` while processes of any deployment use it.
 */
export async function adoptRedis(
  settings: RedisSettings & { readonly databaseUrl: string; readonly secretsKeys: readonly Buffer[] },
  { confirmed, discard }: { readonly confirmed: boolean; readonly discard: boolean },
): Promise<AdoptionReport> {
  await using scope = new Scope();
  const database = scope.keep('database', openDatabase(settings.databaseUrl), (d) => d.destroy());
  await migrateOpen(database);
  const redis = scope.keep('redis', connectRedis(settings, 'blocking', 'adopt-redis'), (r) => r.disconnect());
  await untilConnected(redis, CONNECT_TIMEOUT_MS);

  const deployment = new Deployment(redis, database, settings.secretsKeys);
  const id = await deployment.id();
  const verdict = await deployment.mark.verify(id);
  const keyVerdict = await deployment.mark.verify(undefined);
  const keyVerified = keyVerdict === 'own' || keyVerdict === 'none';
  const keys = await eachKey(redis, async () => {});
  const report = { wasOurs: verdict === 'own' || verdict === 'none', keys, keyVerified };
  if (report.wasOurs) return { ...report, done: 'nothing' };

  await assertNoLiveProcess(redis);
  if (!keyVerified && !discard) {
    throw new Failure(
      'unverified_key',
      'operator',
      'No key in SECRETS_KEY opens what is stored in this Redis. Use the SECRETS_KEY of the deployment that filled it, or add --discard to delete its contents.',
    );
  }
  if (!confirmed) return { ...report, done: 'nothing' };
  if (discard)
    await eachKey(redis, async (found) => {
      assertAllDone(
        await sendTogether(
          redis,
          found.map((key) => ['unlink', key]),
        ),
      );
    });
  await deployment.mark.replace(id);
  return { ...report, done: discard ? 'discarded-and-adopted' : 'adopted' };
}

/** Calls `work` with all keys under the prefix, in batches, and returns their number. */
async function eachKey(redis: RedisClient, work: (keys: string[]) => Promise<unknown>): Promise<number> {
  let count = 0;
  for (const pattern of redis.keyspace.patterns.everything) {
    for await (const found of scanAll(redis, pattern, SCAN_COUNT)) {
      await work(found);
      count += found.length;
    }
  }
  return count;
}
