import { isOlderRemaining, isStreamAppended, isStreamServedBeside } from './journal/stream-serving.ts';
import type { OpenDeliveries } from './open-deliveries.ts';
import type { Foundation } from './open-foundation.ts';
import type { OpenQueues } from './open-queues.ts';
import type { Services, Shared } from './open-services.ts';
import { JournalBatch } from './push/journal-batch.ts';
import { Journaler } from './push/journaler.ts';
import { StreamReader } from './push/stream-reader.ts';
import { openLeases } from './redis/lease.ts';

const DAY_MS = 24 * 60 * 60_000;

/** Starts journaling in this process; `services`: those on the blocking connection. The caller closes it. */
export function startJournaler(
  { settings, events, seals, components, journalWriter, presence, connections, blockingRedis: redis }: Foundation,
  { knownAccounts, subscriptionSnapshot }: Shared,
  queues: OpenQueues,
  { followerStore, persons, releaseChecks }: Services,
  { due, outcomes }: Pick<OpenDeliveries, 'due' | 'outcomes'>,
): Journaler {
  const batch = new JournalBatch({
    components,
    seals,
    persons,
    accounts: knownAccounts,
    snapshot: subscriptionSnapshot,
    writer: journalWriter,
    due,
    outcomes,
    recordSteps: (steps) => releaseChecks.record(steps),
    followers: followerStore,
    events,
  });
  return new Journaler({
    redis,
    leases: openLeases(redis),
    connect: () => connections.open('blocking', 'journaler'),
    stream: new StreamReader(redis),
    batch,
    abortWrite: () => journalWriter.abort(),
    isOurs: () => presence.failure === undefined,
    hasSuccessor: () => isStreamServedBeside(redis, presence.id),
    isOlderLive: () => isOlderRemaining(redis, queues.pushes.queue),
    isAppended: () => isStreamAppended(redis),
    retentionMs: settings.pushDays * DAY_MS,
    events,
  });
}
