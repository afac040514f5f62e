import { existsSync } from 'node:fs';
import { Failure, openTransport, type Transport } from '@wxthirdparty/wechat';
import type { Queue } from 'bullmq';
import { sql } from 'kysely';
import { type Component, Components } from '../component/components.ts';
import { openDatabase, type Sql } from '../database/open.ts';
import { sqlitePath } from '../database/sqlite-path.ts';
import { withDeadline } from '../deadline.ts';
import { readDeploymentId } from '../deployment/deployment-id.ts';
import { DeploymentMark, type MarkVerdict } from '../deployment/deployment-mark.ts';
import { Events } from '../events.ts';
import { connectRedis, type RedisClient, untilConnected } from '../redis/connect.ts';
import type { Scope } from '../scope.ts';
import { Seals } from '../sealing/seals.ts';
import { seeCheck } from './check-titles.ts';
import type { DoctorSettings } from './doctor-settings.ts';
import { NotJudged, text } from './finding.ts';

/** Shorter than the time of a check, so that those that need the server can still say that it is missing. */
const CONNECT_TIMEOUT_MS = 3_000;
const CLOSE_TIMEOUT_MS = 500;

/**
 * What the checks of one examination share. Each server is connected to once, when the first check needs it; one that does not
 * answer concerns only the checks that need it. Nothing is created, migrated or marked.
 */
export class DoctorContext {
  readonly settings: DoctorSettings;
  /** Aborted when the time of the whole examination is over. */
  readonly signal: AbortSignal;
  readonly events = new Events();
  readonly #scope: Scope;
  #redis: Promise<RedisClient> | undefined;
  #database: Promise<Sql> | undefined;
  #verdict: Promise<MarkVerdict> | undefined;
  #transport: Transport | undefined;

  constructor(settings: DoctorSettings, scope: Scope, signal: AbortSignal) {
    this.settings = settings;
    this.#scope = scope;
    this.signal = signal;
  }

  /** Throws NotJudged without a usable key. */
  get seals(): Seals {
    if (this.settings.secretsKeys.length === 0) throw missing('SECRETS_KEY');
    return new Seals(this.settings.secretsKeys);
  }

  /** Throws NotJudged if there is none. */
  get components(): readonly Component[] {
    return this.componentTable.all();
  }

  get componentTable(): Components {
    if (this.settings.components.length === 0) {
      throw new NotJudged(text('No component is configured.', '没有可用的第三方平台配置。'), seeCheck('component'));
    }
    return new Components(this.settings.components);
  }

  /** To WeChat. */
  get transport(): Transport {
    const { proxy } = this.settings.wechat;
    this.#transport ??= this.#scope.keep('wechat', openTransport(proxy ? { proxy } : {}), (t) => t.close());
    return this.#transport;
  }

  /** Throws a Failure that says why there is no connection; NotJudged without a usable address. */
  connectRedis(): Promise<RedisClient> {
    this.#redis ??= this.#connectRedis();
    return this.#redis;
  }

  /** The same for all other checks: throws NotJudged if Redis does not answer. */
  async redis(): Promise<RedisClient> {
    try {
      return await this.connectRedis();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      throw new NotJudged(text('Redis cannot be used.', 'Redis 无法使用。'), seeCheck('redis'));
    }
  }

  /** For what writes, or acts on what is stored there: throws NotJudged if Redis is another deployment's. */
  async ownRedis(): Promise<RedisClient> {
    const redis = await this.redis();
    const verdict = await this.redisVerdict();
    if (verdict === 'own' || verdict === 'none') return redis;
    throw new NotJudged(text('Redis belongs to another deployment.', '该 Redis 属于另一套部署。'), seeCheck('redis'));
  }

  /** Whose Redis it is. Without the database only the key is compared. */
  redisVerdict(): Promise<MarkVerdict> {
    this.#verdict ??= this.#readVerdict();
    return this.#verdict;
  }

  /** Throws the database's error, or NotJudged if its file does not exist yet. */
  connectDatabase(): Promise<Sql> {
    this.#database ??= this.#connectDatabase();
    return this.#database;
  }

  /** The same for all other checks: throws NotJudged if the database does not answer. */
  async database(): Promise<Sql> {
    try {
      return await this.connectDatabase();
    } catch {
      throw new NotJudged(text('The database cannot be used.', '数据库无法使用。'), seeCheck('database'));
    }
  }

  openQueues(redis: RedisClient): readonly Queue[] {
    return this.settings.openQueues(redis, this.#scope);
  }

  /** Closed with everything else. */
  keep<T>(name: string, value: T, close: (value: T) => unknown): T {
    return this.#scope.keep(name, value, close, CLOSE_TIMEOUT_MS);
  }

  async #connectRedis(): Promise<RedisClient> {
    const { redisUrl, redisPrefix } = this.settings;
    if (redisUrl === undefined) throw missing('REDIS_URL');
    const redis = this.keep('redis', connectRedis({ redisUrl, redisPrefix }, 'fail-fast', 'doctor'), (r) =>
      r.disconnect(),
    );
    await untilConnected(redis, CONNECT_TIMEOUT_MS);
    return redis;
  }

  async #readVerdict(): Promise<MarkVerdict> {
    const { secretsKeys } = this.settings;
    if (secretsKeys.length === 0) throw missing('SECRETS_KEY');
    const redis = await this.connectRedis();
    const id = await this.connectDatabase()
      .then(readDeploymentId)
      .catch(() => undefined);
    return new DeploymentMark(redis, secretsKeys).verify(id);
  }

  async #connectDatabase(): Promise<Sql> {
    const { databaseUrl } = this.settings;
    if (databaseUrl === undefined) throw missing('DATABASE_URL');
    const file = sqlitePath(databaseUrl);
    if (file !== undefined && !existsSync(file)) {
      throw new Failure('no_database', 'operator', `The database file ${file} does not exist.`);
    }
    const database = this.keep('database', openDatabase(databaseUrl, { maxConnections: 2, retryTimeoutMs: 500 }), (d) =>
      d.destroy(),
    );
    const asked = sql`select 1`.execute(database);
    await withDeadline(
      asked,
      CONNECT_TIMEOUT_MS,
      () => new Failure('database_unreachable', 'retry', 'The database does not answer.'),
    );
    return database;
  }
}

function missing(name: string): NotJudged {
  return new NotJudged(text(`${name} is missing or cannot be used.`, `${name} 缺失或无法使用。`), seeCheck('settings'));
}
