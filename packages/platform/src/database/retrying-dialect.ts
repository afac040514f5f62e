import { Failure } from '@wxthirdparty/wechat';
import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult, TransactionSettings } from 'kysely';
import { databaseUnreachable } from './database-gate.ts';
import { retry } from './retry.ts';
import { isConflict, isConnectionLoss } from './sql-error.ts';

/** A caller waits so long at most; after that the database counts as unavailable. */
const RETRY_TIMEOUT_MS = 5_000;

/**
 * The same dialect, but it survives a lost connection if that is safe: it takes another connection before anything was
 * sent, for a read, and if a lock made the server undo the statement. Only the first statement on a connection is
 * repeated, because the following ones may depend on its effects there.
 */
export function retryingDialect(dialect: Dialect, timeoutMs = RETRY_TIMEOUT_MS): Dialect {
  return {
    createAdapter: () => dialect.createAdapter(),
    createDriver: () => new RetryingDriver(dialect.createDriver(), timeoutMs),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  };
}

class RetryingDriver implements Driver {
  readonly #driver: Driver;
  readonly #timeoutMs: number;

  constructor(driver: Driver, timeoutMs: number) {
    this.#driver = driver;
    this.#timeoutMs = timeoutMs;
  }

  init() {
    return this.#driver.init();
  }

  async acquireConnection() {
    return new RetryingConnection(this.#driver, this.#timeoutMs);
  }

  async beginTransaction(connection: RetryingConnection, settings: TransactionSettings) {
    await connection.first(
      () => true,
      (inner) => this.#driver.beginTransaction(inner, settings),
    );
  }

  commitTransaction(connection: RetryingConnection) {
    return this.#driver.commitTransaction(connection.opened());
  }

  async rollbackTransaction(connection: RetryingConnection) {
    // A lost connection has nothing to roll back, and the error that caused the rollback must not be replaced.
    await this.#driver.rollbackTransaction(connection.opened()).catch((error) => {
      if (!isConnectionLoss(error)) throw error;
    });
  }

  releaseConnection(connection: RetryingConnection) {
    return connection.release();
  }

  destroy() {
    return this.#driver.destroy();
  }
}

/** Opened by its first statement. */
class RetryingConnection implements DatabaseConnection {
  readonly #driver: Driver;
  readonly #timeoutMs: number;
  #inner: DatabaseConnection | undefined;
  #used = false;

  constructor(driver: Driver, timeoutMs: number) {
    this.#driver = driver;
    this.#timeoutMs = timeoutMs;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#used) return this.opened().executeQuery<R>(query);
    const reads = query.query.kind === 'SelectQueryNode';
    return this.first(
      (error) => isConflict(error) || (reads && isConnectionLoss(error)),
      (inner) => inner.executeQuery<R>(query),
    );
  }

  async *streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    if (!this.#used) {
      await this.first(
        () => false,
        async () => {},
      );
    }
    yield* this.opened().streamQuery<R>(query, chunkSize);
  }

  /** Runs the first statement, on one connection after the other while `isRetryable` permits it. */
  first<T>(isRetryable: (error: unknown) => boolean, work: (inner: DatabaseConnection) => Promise<T>): Promise<T> {
    let acquired = false;
    return retry(
      async () => {
        acquired = false;
        this.#inner = await this.#acquire();
        acquired = true;
        try {
          const result = await work(this.#inner);
          this.#used = true;
          return result;
        } catch (error) {
          await this.release();
          throw error;
        }
      },
      {
        isRetryable: (error) =>
          acquired ? isRetryable(error) && (isConnectionLoss(error) || isConflict(error)) : isConnectionLoss(error),
        timeoutMs: this.#timeoutMs,
      },
    );
  }

  opened(): DatabaseConnection {
    if (!this.#inner) throw new Error('the connection is not open');
    return this.#inner;
  }

  async release(): Promise<void> {
    const inner = this.#inner;
    this.#inner = undefined;
    this.#used = false;
    if (inner) await this.#driver.releaseConnection(inner);
  }

  async #acquire(): Promise<DatabaseConnection> {
    try {
      return await this.#driver.acquireConnection();
    } catch (cause) {
      if (cause instanceof Failure) throw cause;
      const code = String((cause as { code?: unknown }).code ?? 'no answer');
      // Only the code: a driver's message may contain parts of the URL.
      if (isConnectionLoss(cause)) {
        throw databaseUnreachable(
          `The database does not answer (${code}); is it running, and is DATABASE_URL right?`,
          cause,
        );
      }
      const message = `The database refuses the login (${code}); are name, password and database in DATABASE_URL right?`;
      throw new Failure('database_unusable', 'operator', message, { cause });
    }
  }
}
