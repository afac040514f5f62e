import { setTimeout as pause } from 'node:timers/promises';
import type { AlarmChannel } from './alarm/channel.ts';
import { type ComponentSettings, Components } from './component/components.ts';
import { publishReadiness } from './component/publish-readiness.ts';
import { BulkThread } from './database/bulk-thread.ts';
import { openDatabase, type Sql } from './database/open.ts';
import type { OutageCheck } from './database/outage-cache.ts';
import { ProcessDatabase } from './database/process-database.ts';
import { Deployment } from './deployment/deployment.ts';
import type { ProcessRole } from './deployment/live-processes.ts';
import { Presence } from './deployment/presence.ts';
import { Events } from './events.ts';
import { FollowerWriter } from './follower/follower-writer.ts';
import { ApiKeys } from './key/api-keys.ts';
import { KeyStore } from './key/key-store.ts';
import { type ConnectionMode, type RedisClient, type RedisSettings, untilConnected } from './redis/connect.ts';
import { RedisConnections } from './redis/connections.ts';
import { assertUsable } from './redis/describe-servers.ts';
import { refuseCommands } from './redis/fail-fast.ts';
import { Hints } from './redis/hints.ts';
import { publishReconnections } from './redis-changes.ts';
import type { Scope } from './scope.ts';
import { Seals } from './sealing/seals.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const MAX_CONNECT_WAITS = 6;
const MAX_REPLICA_CONNECTIONS = 5;
/** WeChat repeats a push for a few seconds only; a database that starts beside this process needs about as long. */
const DEGRADED_AFTER_MS = 5_000;

export interface PlatformSettings extends RedisSettings {
  /** What this process does, as other processes see it. */
  readonly roles: readonly ProcessRole[];
  /** `sqlite:/absolute/path` or `mysql://user:password@host/database`. */
  readonly databaseUrl: string;
  /** A replica for reading lists; it may lag behind. */
  readonly databaseReadUrl?: string | undefined;
  /** 32 bytes each; the first one seals, all of them open. */
  readonly secretsKeys: readonly Buffer[];
  readonly components: readonly ComponentSettings[];
  readonly wechat: {
    /** Hosts of the same API; the first one is preferred. At least one. */
    readonly apiBases: readonly string[];
    readonly mpBase: string;
    readonly openBase: string;
    readonly proxy?: string | undefined;
  };
  /** Networks, in CIDR notation, that requests to the business may reach although they are private. */
  readonly deliveryNets: readonly string[];
  /** Of interactive calls: the slots for those that this process sends itself, and again for those that wait in the queue. */
  readonly inlineConcurrency: number;
  /** How long pushes and deliveries are kept. */
  readonly pushDays: number;
  /** After this time the followers of an account that revoked its consent are erased. */
  readonly followerDaysAfterRevocation: number;
  /** Where browsers reach the gateway, without a slash at its end: alarms link to it. */
  readonly publicUrl?: string | undefined;
  readonly alarms: {
    readonly channels: readonly AlarmChannel[];
    /** How many times as fast their times pass; 1 outside of drills and tests. */
    readonly speed: number;
  };
}

/** What a process opens first and once: its databases, its connections to Redis, and what needs only these. */
export interface Foundation {
  readonly settings: PlatformSettings;
  readonly events: Events;
  readonly seals: Seals;
  readonly components: Components;
  /** Refuses statements while it is unreachable or not migrated. */
  readonly database: Sql;
  readonly outage: OutageCheck;
  /** Why this process can never use the database, which it could not reach when it started. */
  readonly unusable: Promise<unknown>;
  /** For lists; the database itself if there is no replica. */
  readonly replica: Sql;
  readonly followerWriter: FollowerWriter;
  /** For the journal, deliveries and replays: what they commit survives a power failure. */
  readonly journalWriter: BulkThread;
  readonly connections: RedisConnections;
  /** Its commands wait while Redis is unavailable: for work that continues afterwards. */
  readonly blockingRedis: RedisClient;
  /** Its commands fail at once while Redis is unavailable, or is another deployment's: for requests, whose callers wait. */
  readonly failFastRedis: RedisClient;
  /** The same, for pushes only: it may wait for a replica. */
  readonly intakeRedis: RedisClient;
  /** The same, for durable calls only. */
  readonly durableRedis: RedisClient;
  readonly hints: Hints;
  readonly presence: Presence;
  readonly apiKeys: ApiKeys;
}

/**
 * The scope closes it. Throws if Redis is unavailable, if one of the two belongs to another deployment, or if the database cannot
 * be used. While the database is only unreachable, or another process migrates it, this starts without it.
 */
export async function openFoundation(settings: PlatformSettings, scope: Scope): Promise<Foundation> {
  const events = new Events();
  const seals = new Seals(settings.secretsKeys);
  const components = new Components(settings.components);
  const { databaseUrl } = settings;
  const processDatabase: ProcessDatabase = new ProcessDatabase(databaseUrl, () => {
    followerWriter.abort();
    journalWriter.abort();
  });
  scope.keep('database', processDatabase, (d) => d.close());
  const followerWriter = new FollowerWriter(databaseUrl, processDatabase);
  const journalWriter = new BulkThread(databaseUrl, processDatabase);
  // Pending writes would wait for a database that does not answer; what they write is repeated by other processes.
  const closeWriter = (writer: FollowerWriter | BulkThread) =>
    processDatabase.isOut ? writer.abort() : writer.close();
  scope.keep('follower writer', followerWriter, closeWriter);
  scope.keep('journal writer', journalWriter, closeWriter);
  const database = processDatabase.sql;
  const migrating = processDatabase.migrate();
  // Its error is thrown below, or reported by `unusable`.
  migrating.catch(() => {});
  const { databaseReadUrl } = settings;
  const replica = databaseReadUrl
    ? scope.keep('read replica', openDatabase(databaseReadUrl, { maxConnections: MAX_REPLICA_CONNECTIONS }), (d) =>
        d.destroy(),
      )
    : database;
  const connections = scope.keep('redis connections', new RedisConnections(settings), (c) => c.close());
  const keep = (redis: RedisClient, name: string) => scope.keep(`redis ${name}`, redis, (r) => r.disconnect());
  const connect = (mode: ConnectionMode, name: string) => keep(connections.open(mode, name), name);
  const blockingRedis = connect('blocking', 'work');
  const failFastRedis = connect('fail-fast', 'fail-fast');
  const intakeRedis = connect('intake', 'intake');
  const durableRedis = connect('intake', 'durable');
  const subscriber = keep(connections.openSubscriber('hints'), 'hints');
  await Promise.all(
    [blockingRedis, failFastRedis, intakeRedis, durableRedis, subscriber].map((r) =>
      untilConnected(r, CONNECT_TIMEOUT_MS, MAX_CONNECT_WAITS),
    ),
  );
  await assertUsable(failFastRedis, CONNECT_TIMEOUT_MS);
  const hints = new Hints(subscriber);
  const isDegraded = await Promise.race([migrating.then(() => false), pause(DEGRADED_AFTER_MS, true, { ref: false })]);

  const deployment = new Deployment(blockingRedis, database, settings.secretsKeys);
  const presence = new Presence(blockingRedis, deployment, settings.roles, events);
  scope.keep('presence', presence, (p) => p.close());
  await presence.start({ isDegraded });
  // Intake writes by these connections.
  events.subscribe('redis', () => {
    for (const redis of [failFastRedis, intakeRedis, durableRedis]) refuseCommands(redis, presence.failure);
  });
  publishReadiness(hints, failFastRedis, events);
  publishReconnections(blockingRedis, events);

  const apiKeys = new ApiKeys({ redis: failFastRedis, hints, store: new KeyStore(database), outage: processDatabase });
  scope.keep('api keys', apiKeys, (k) => k.close());
  return {
    settings,
    events,
    seals,
    components,
    database,
    outage: processDatabase,
    unusable: new Promise((resolve) => migrating.catch(resolve)),
    replica,
    followerWriter,
    journalWriter,
    blockingRedis,
    connections,
    failFastRedis,
    intakeRedis,
    durableRedis,
    hints,
    presence,
    apiKeys,
  };
}
