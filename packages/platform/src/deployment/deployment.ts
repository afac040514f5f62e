import { Failure } from '@wxthirdparty/wechat';
import type { Sql } from '../database/open.ts';
import { withDeadline } from '../deadline.ts';
import type { RedisClient } from '../redis/connect.ts';
import { deploymentId } from './deployment-id.ts';
import { DeploymentMark, type MarkVerdict } from './deployment-mark.ts';

const ID_TIMEOUT_MS = 1_000;

/**
 * Whether Redis and SQL belong to one deployment. Two that share keys in one Redis would take each other's jobs; a Redis
 * of another deployment, or of an older copy of this one, holds calls that would be sent again.
 */
export class Deployment {
  readonly mark: DeploymentMark;
  readonly #sql: Sql;
  readonly #prefix: string;
  #id: string | undefined;
  #reading: Promise<string> | undefined;

  constructor(redis: RedisClient, sql: Sql, secretsKeys: readonly Buffer[]) {
    this.mark = new DeploymentMark(redis, secretsKeys);
    this.#sql = sql;
    this.#prefix = redis.keyspace.prefix;
  }

  /** Of the database. */
  async id(): Promise<string> {
    if (this.#id !== undefined) return this.#id;
    this.#reading ??= deploymentId(this.#sql).finally(() => {
      this.#reading = undefined;
    });
    this.#id = await this.#reading;
    return this.#id;
  }

  /**
   * At a process' start: marks a Redis without mark. Throws a Failure with the reason if Redis is not ours. `isDegraded`: the
   * database cannot be used at present, so only the key is compared; later checks compare the id, too.
   */
  async claim({ isDegraded = false }: { readonly isDegraded?: boolean } = {}): Promise<void> {
    if (!isDegraded) await this.id();
    const failure = await this.check();
    if (failure) throw failure;
  }

  /**
   * Repeatedly, while the process runs: gives an emptied Redis its mark again. Returns why Redis is not ours, or undefined if
   * it is. Needs SQL only until the id is known.
   */
  async check(): Promise<Failure | undefined> {
    // A database that hangs must not delay the heartbeat, which follows.
    const reading = withDeadline(this.id(), ID_TIMEOUT_MS, () => new Error('no answer in time'));
    const id = await reading.catch(() => undefined);
    const verdict = await this.mark.verify(id);
    if (verdict !== 'none') return this.#failureOf(verdict);
    if (id === undefined) return undefined;
    await this.mark.putUnlessThere(id);
    // Another process may have been first, and may be another deployment's.
    return this.#failureOf(await this.mark.verify(id));
  }

  #failureOf(verdict: MarkVerdict): Failure | undefined {
    switch (verdict) {
      case 'none':
      case 'own':
        return undefined;
      case 'other-deployment':
        return new Failure(
          'foreign_redis',
          'operator',
          `This Redis (REDIS_URL, prefix ${this.#prefix}) belongs to another deployment: the identity in it is not the identity in the database, whatever SECRETS_KEY is. ` +
            'If two deployments share this Redis, give each a REDIS_PREFIX of its own. If REDIS_URL or DATABASE_URL names the wrong server, correct it. ' +
            'If the database is new and this Redis is to be kept, run the command "adopt-redis".',
        );
      case 'other-key':
        return new Failure(
          'foreign_redis',
          'operator',
          `No key in SECRETS_KEY belongs to the deployment that uses this Redis (REDIS_URL, prefix ${this.#prefix}); its identity cannot be verified. ` +
            'Use the SECRETS_KEY of its other processes; while keys are rotated, list the new and the old one.',
        );
      default:
        return verdict satisfies never;
    }
  }
}
