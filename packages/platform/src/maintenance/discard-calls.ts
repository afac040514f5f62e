import type { CallFailure } from '../call/call.ts';
import { type CallId, parseCallId } from '../call/call-id.ts';
import { CallJob } from '../call/call-job.ts';
import { CallStore } from '../call/call-store.ts';
import { FailedCalls } from '../call/failed-calls.ts';
import { LaneJob } from '../call/lane/lane-job.ts';
import { CallbackJob } from '../callback/callback-job.ts';
import { migrateOpen } from '../database/migrate.ts';
import { openDatabase } from '../database/open.ts';
import { Deployment } from '../deployment/deployment.ts';
import { assertNoLiveProcess } from '../deployment/live-processes.ts';
import { RedisAge } from '../deployment/redis-age.ts';
import { openQueue } from '../queue/queues.ts';
import { connectRedis, type RedisClient, type RedisSettings, untilConnected } from '../redis/connect.ts';
import { assertAllDone, sendTogether } from '../redis/send-together.ts';
import { scanAll } from '../redis/servers.ts';
import { Scope } from '../scope.ts';
import { Seals } from '../sealing/seals.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const SCAN_COUNT = 1_000;
/** Who settled the calls, in their records. */
const RUN_ID = 'discard-calls';

/** Their jobs are deleted. */
const CONTRACTS = { calls: CallJob, lanes: LaneJob, callbacks: CallbackJob } as const;
type QueueName = keyof typeof CONTRACTS;
const UNFINISHED = ['waiting', 'active', 'delayed', 'prioritized', 'waiting-children'] as const;

export interface DiscardedCalls {
  /** Those that are not settled. */
  readonly calls: number;
  /** Accounts with a lane. */
  readonly lanes: number;
  /** Unfinished jobs of each queue. */
  readonly jobs: Readonly<Record<QueueName, number>>;
}

const discarded: CallFailure = {
  code: 'call_lost',
  remedy: 'operator',
  message:
    'Redis was restored from an older state, and its calls were discarded. Whether this one was sent is not known: look it up at WeChat before you send it again.',
};

/**
 * For a Redis that was restored from a backup: settles every call that is not settled as `call_lost`, without a callback, and
 * deletes lanes and jobs, so that nothing is sent again. It may be interrupted and run again. `confirm` is asked once it is known
 * what there is. Throws Failure `processes_alive`, `foreign_redis`.
 */
export async function discardCalls(
  settings: RedisSettings & { readonly databaseUrl: string; readonly secretsKeys: readonly Buffer[] },
  confirm: (found: DiscardedCalls) => Promise<boolean>,
): Promise<'discarded' | 'declined'> {
  await using scope = new Scope();
  const database = scope.keep('database', openDatabase(settings.databaseUrl), (d) => d.destroy());
  await migrateOpen(database);
  const redis = scope.keep('redis', connectRedis(settings, 'blocking', 'discard-calls'), (r) => r.disconnect());
  await untilConnected(redis, CONNECT_TIMEOUT_MS);
  await new Deployment(redis, database, settings.secretsKeys).claim();
  await assertNoLiveProcess(redis);

  const calls = new CallStore(redis, new Seals(settings.secretsKeys));
  const failed = new FailedCalls(redis);
  if (!(await confirm(await count(redis, calls, scope)))) return 'declined';
  await assertNoLiveProcess(redis);
  // First what sends calls, in case processes are started too early.
  for (const queue of Object.keys(CONTRACTS)) await deleteAll(redis, [redis.keyspace.patterns.queue(queue)]);
  await deleteAll(redis, redis.keyspace.patterns.lanes, (key) => isLane(redis, key));
  for await (const unsettled of eachUnsettled(redis, calls)) {
    await Promise.all(unsettled.map((call) => calls.settle(call, RUN_ID, { state: 'failed', failure: discarded })));
    await list(failed, calls, unsettled);
  }
  await new RedisAge(redis, database).renew();
  return 'discarded';
}

/** Operators find them among the failed calls of their component. */
async function list(failed: FailedCalls, store: CallStore, calls: readonly CallId[]): Promise<void> {
  const records = await store.records(calls);
  const settled = calls.flatMap((call, i) => {
    const fields = records[i]!;
    return fields.state === 'settled' ? [{ call, fields }] : [];
  });
  const byComponent = Map.groupBy(settled, ({ call }) => call.component);
  await Promise.all([...byComponent].map(([component, some]) => failed.write(component, some)));
}

async function count(redis: RedisClient, store: CallStore, scope: Scope): Promise<DiscardedCalls> {
  let calls = 0;
  for await (const unsettled of eachUnsettled(redis, store)) calls += unsettled.length;
  const owners = new Set<string>();
  for await (const found of scanAll(redis, redis.keyspace.patterns.lanes[0], SCAN_COUNT)) {
    for (const key of found) if (isLane(redis, key)) owners.add(ownerOf(key));
  }
  const jobs = { calls: 0, lanes: 0, callbacks: 0 };
  for (const name of Object.keys(CONTRACTS) as QueueName[]) {
    jobs[name] = await unfinished(redis, name, scope);
  }
  return { calls, lanes: owners.size, jobs };
}

async function unfinished(redis: RedisClient, name: QueueName, scope: Scope): Promise<number> {
  const { queue } = scope.keep(`queue ${name}`, openQueue<never>(CONTRACTS[name], redis), (q) => q.queue.close());
  const counts = await queue.getJobCounts(...UNFINISHED);
  return Object.values(counts).reduce((sum, one) => sum + one, 0);
}

/** Batches of calls that are not settled; one may be found twice. */
async function* eachUnsettled(redis: RedisClient, store: CallStore): AsyncGenerator<CallId[]> {
  for await (const found of scanAll(redis, redis.keyspace.patterns.calls, SCAN_COUNT)) {
    // Its bodies have names that are no ids.
    const calls = new Map(found.flatMap((key) => callOf(key) ?? []).map((call) => [call.id, call]));
    const states = await Promise.all(
      [...calls.values()].map(async (call) => ({ call, state: await store.state(call) })),
    );
    yield states.flatMap(({ call, state }) => (state === 'queued' || state === 'sent' ? [call] : []));
  }
}

function callOf(key: string): CallId | undefined {
  return parseCallId(key.slice(key.indexOf(':call:') + ':call:'.length));
}

/** The pattern also finds names that only begin like that of a lane. */
function isLane(redis: RedisClient, key: string): boolean {
  const rest = key.slice(redis.keyspace.prefix.length);
  return /^:\{[^{}]+\}:lane2?(?::|$)/.test(rest) || /^:\{[^{}:]+:lanes\}:/.test(rest);
}

function ownerOf(key: string): string {
  return key.slice(0, key.indexOf('}'));
}

async function deleteAll(
  redis: RedisClient,
  patterns: readonly string[],
  isMeant: (key: string) => boolean = () => true,
): Promise<void> {
  for (const pattern of patterns) {
    for await (const found of scanAll(redis, pattern, SCAN_COUNT)) {
      const keys = found.filter(isMeant);
      assertAllDone(
        await sendTogether(
          redis,
          keys.map((key) => ['unlink', key]),
        ),
      );
    }
  }
}
