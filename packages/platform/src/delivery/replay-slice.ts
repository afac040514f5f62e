import { setTimeout as pause } from 'node:timers/promises';
import type { BulkStep, BulkWriter } from '../database/bulk.ts';
import type { Sql } from '../database/open.ts';
import { isConflict, isConnectionLoss } from '../database/sql-error.ts';
import type { JobDisposition } from '../queue/job.ts';
import type { RedisClient } from '../redis/connect.ts';
import { redisTimeMs } from '../redis/redis-time.ts';
import type { Seals } from '../sealing/seals.ts';
import { matcherOf } from '../subscription/filter.ts';
import type { Subscription } from '../subscription/subscription.ts';
import type { SubscriptionStore } from '../subscription/subscription-store.ts';
import { type DeliveredPush, insertDeliveries, replayedRow } from './delivery-rows.ts';
import type { DeliveryStore } from './delivery-store.ts';
import type { DueSubscriptions } from './due-subscriptions.ts';
import { loadPushes } from './load-pushes.ts';
import { matchableOf } from './matchable.ts';
import { reopenSteps } from './reopen-steps.ts';
import { ReplayPace } from './replay-pace.ts';
import type { ReplayRun, ReplayStore } from './replay-store.ts';

/** Then the replay's job goes to the tail of the queue. */
const SLICE_MS = 4_000;
const WINDOW = 500;
/** More pending deliveries are not counted, since none is added then. */
const MAX_COUNTED = 1_001;
const POLL_INTERVAL_MS = 50;
/** How often the stream is checked for pushes that are not journaled yet. */
const JOURNAL_POLL_INTERVAL_MS = 500;

export interface ReplayParts {
  readonly redis: RedisClient;
  readonly sql: Sql;
  readonly writer: Pick<BulkWriter, 'write'>;
  readonly seals: Seals;
  readonly subscriptions: Pick<SubscriptionStore, 'find'>;
  readonly store: DeliveryStore;
  readonly replays: ReplayStore;
  readonly due: DueSubscriptions;
}

/**
 * Walks the journal for a few seconds and makes what matches due again. Each window and the progress are one transaction under
 * the run's number, so that a slice may be interrupted anywhere or run twice.
 */
export async function runReplaySlice(id: string, signal: AbortSignal, parts: ReplayParts): Promise<JobDisposition> {
  const run = await parts.replays.takeRun(id);
  if (!run) return undefined;
  try {
    // Pushes that were accepted, but are not journaled yet, belong to it.
    if (!(await isJournaledUntil(parts.redis, run.until))) return { delayMs: JOURNAL_POLL_INTERVAL_MS };
    const subscription = await parts.subscriptions.find(run.subscription);
    if (!subscription) {
      await parts.replays.finish(run, 'cancelled');
      return undefined;
    }
    const result = await walk(run, subscription, signal, parts);
    if (result === 'completed') await parts.replays.finish(run, 'completed');
    return result === 'more' ? { requeue: true } : undefined;
  } catch (error) {
    if (isConnectionLoss(error) || isConflict(error)) throw error;
    // The error itself is in the log, with the job: it may say more than a key's owner should see.
    const message = 'An internal error ended the replay; the log of the workers has it. Start another one.';
    await parts.replays.finish(run, 'failed', { code: 'internal', message });
    throw error;
  }
}

/** `superseded`: another run has taken over, or the replay was cancelled. */
async function walk(
  run: ReplayRun,
  subscription: Subscription,
  signal: AbortSignal,
  parts: ReplayParts,
): Promise<'completed' | 'more' | 'superseded'> {
  const endsAt = performance.now() + SLICE_MS;
  const pace = new ReplayPace();
  let position: Position = { seq: run.afterSeq, id: run.afterId };
  while (!signal.aborted && performance.now() < endsAt) {
    const pending = await parts.store.countPending(subscription.id, MAX_COUNTED);
    const capacity = pace.capacity(pending, performance.now());
    if (capacity === 0) {
      await pause(POLL_INTERVAL_MS);
      continue;
    }
    const window = await windowOf(parts.sql, position, run.until);
    const last = window.at(-1);
    if (!last) return 'completed';
    const matching = await matchingOf(window, subscription, parts);
    const states = await parts.store.states(
      subscription.id,
      matching.map(({ id }) => id),
    );
    const missing = matching.filter(({ id }) => {
      const state = states.get(id);
      return state !== 'pending' && (run.only === 'all' || state !== 'delivered');
    });
    const added = missing.slice(0, capacity);
    position = added.length < missing.length ? added.at(-1)! : last;
    if ((await write(run, subscription.id, added, states, position, parts)) === 'undone') return 'superseded';
    pace.added(added.length);
    if (added.length > 0) await parts.due.wake([subscription.id]).catch(() => {});
  }
  return 'more';
}

interface Position {
  readonly seq: number;
  readonly id: string;
}

function write(
  { id, run }: ReplayRun,
  subscription: string,
  added: readonly DeliveredPush[],
  states: ReadonlyMap<string, unknown>,
  position: Position,
  { writer }: ReplayParts,
): Promise<'done' | 'undone'> {
  const now = new Date();
  const checkpoint: BulkStep = {
    text:
      'update replays set after_seq = ?, after_id = ?, matched = matched + ? ' +
      "where id = ? and run = ? and state = 'running'",
    parameters: [position.seq, position.id, added.length, id, run],
    orUndo: true,
  };
  const { known = [], unknown = [] } = Object.groupBy(added, ({ id: push }) =>
    states.has(push) ? 'known' : 'unknown',
  );
  const reopened = known.map((push) => push.id);
  return writer.write([
    checkpoint,
    insertDeliveries(unknown.map((push) => replayedRow(subscription, push, id, now))),
    ...reopenSteps(subscription, reopened, id, now),
  ]);
}

interface JournaledPush extends DeliveredPush {
  readonly note: string | null;
}

/** Pushes in the order of acceptance. */
async function windowOf(sql: Sql, after: Position, until: Date): Promise<JournaledPush[]> {
  const rows = await sql
    .selectFrom('pushes')
    .select(['component', 'id', 'appid', 'type', 'seq', 'received_at', 'note'])
    .where('seq', '>=', after.seq)
    .where((eb) => eb.or([eb('seq', '>', after.seq), eb('id', '>', after.id)]))
    .where('seq', '<', until.getTime() * 1_000)
    .orderBy('seq')
    .orderBy('id')
    .limit(WINDOW)
    .execute();
  return rows.map(({ component, id, appid, type, seq, received_at, note }) => ({
    component,
    id,
    appid,
    type,
    seq: Number(seq),
    receivedAt: new Date(Number(received_at)),
    note,
  }));
}

async function matchingOf(
  window: readonly JournaledPush[],
  subscription: Subscription,
  { sql, seals }: ReplayParts,
): Promise<JournaledPush[]> {
  const matches = matcherOf(subscription);
  const found: JournaledPush[] = [];
  // What cannot be of the account that its URL names is never delivered.
  let rest = window.filter(({ note }) => note !== 'wrong_account').map((of) => ({ of, ...of, push: of.id }));
  while (rest.length > 0) {
    const loaded = await loadPushes(sql, seals, rest);
    for (const { reference, push } of loaded)
      if (matches(push ? matchableOf(push) : reference)) found.push(reference.of);
    rest = rest.slice(loaded.length);
  }
  return found;
}

/** Whether nothing that was accepted until then still waits in the stream. */
async function isJournaledUntil(redis: RedisClient, until: Date): Promise<boolean> {
  // The time first: what is accepted meanwhile is later.
  const now = await redisTimeMs(redis, redis.keyspace.pushStream);
  const [oldest] = await redis.xrange(redis.keyspace.pushStream, '-', '+', 'COUNT', 1);
  const acceptedAt = oldest ? Number(oldest[0].split('-')[0]) : now;
  return acceptedAt > until.getTime();
}
