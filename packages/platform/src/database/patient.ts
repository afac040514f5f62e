import { Failure } from '@wxthirdparty/wechat';
import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult, TransactionSettings } from 'kysely';
import { persist } from './persist.ts';
import { isConflict, isConnectionLoss } from './sql-error.ts';

/** For as long a caller may be kept waiting; a database that is away for longer is away. */
const PATIENCE_MS = 5_000;

/**
 * The same dialect, but one that survives a lost connection where nothing can go wrong by it: it takes another one
 * before anything was sent, for a read, and where a lock made the server undo the statement. Only the first statement
 * on a connection is repeated: whoever takes a connection for several of them leans on what the first ones did there.
 */
export function patient(dialect: Dialect, patienceMs = PATIENCE_MS): Dialect {
  return {
    createAdapter: () => dialect.createAdapter(),
    createDriver: () => new PatientDriver(dialect.createDriver(), patienceMs),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  };
}

class PatientDriver implements Driver {
  readonly #driver: Driver;
  readonly #patienceMs: number;

  constructor(driver: Driver, patienceMs: number) {
    this.#driver = driver;
    this.#patienceMs = patienceMs;
  }

  init() {
    return this.#driver.init();
  }

  async acquireConnection() {
    return new PatientConnection(this.#driver, this.#patienceMs);
  }

  async beginTransaction(connection: PatientConnection, settings: TransactionSettings) {
    await connection.first(
      () => true,
      (inner) => this.#driver.beginTransaction(inner, settings),
    );
  }

  commitTransaction(connection: PatientConnection) {
    return this.#driver.commitTransaction(connection.opened());
  }

  async rollbackTransaction(connection: PatientConnection) {
    // Without a connection there is nothing left to undo, and the error that brought us here must not be lost.
    await this.#driver.rollbackTransaction(connection.opened()).catch((error) => {
      if (!isConnectionLoss(error)) throw error;
    });
  }

  releaseConnection(connection: PatientConnection) {
    return connection.release();
  }

  destroy() {
    return this.#driver.destroy();
  }
}

/** Opened by its first statement. */
class PatientConnection implements DatabaseConnection {
  readonly #driver: Driver;
  readonly #patienceMs: number;
  #inner: DatabaseConnection | undefined;
  #used = false;

  constructor(driver: Driver, patienceMs: number) {
    this.#driver = driver;
    this.#patienceMs = patienceMs;
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

  /** Runs the first thing that is done here, on one connection after the other while `again` allows it. */
  first<T>(again: (error: unknown) => boolean, work: (inner: DatabaseConnection) => Promise<T>): Promise<T> {
    let acquired = false;
    return persist(
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
        again: (error) =>
          acquired ? again(error) && (isConnectionLoss(error) || isConflict(error)) : isConnectionLoss(error),
        forMs: this.#patienceMs,
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
      // The code only: a driver's message may name what stands in the URL.
      if (isConnectionLoss(cause)) {
        const words = `The database does not answer (${code}); is it running, and is DATABASE_URL right?`;
        throw new Failure('database_unreachable', 'retry', words, { cause, retryAfterMs: 1_000 });
      }
      const words = `The database does not let us in (${code}); are name, password and database in DATABASE_URL right?`;
      throw new Failure('database_unusable', 'operator', words, { cause });
    }
  }
}
