import type { Sql } from '../database/open.ts';
import { repeat } from '../database/repeat.ts';
import type { ApiKeyRow } from '../database/schema.ts';
import { isDuplicate } from '../database/sql-error.ts';
import type { Page, PageRequest } from '../paging.ts';
import { type ApiKey, checkKeyInput, type KeyInput } from './api-key.ts';
import { type Actor, noteIn } from './audit.ts';
import type { KeyScope } from './key-rights.ts';
import { newKeyText } from './key-text.ts';
import { newestFirst, positionOf } from './newest-first.ts';

export interface StoredKey {
  readonly key: ApiKey;
  /** SHA-256 of the key's text. */
  readonly hash: Buffer;
}

/** API keys in SQL, each change in one transaction with its audit entry. Keys are never deleted, so no id is used again. */
export class KeyStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** `text` is the key itself, which is not stored. Throws Failure `invalid_request`. */
  async create(input: KeyInput, by: Actor): Promise<{ readonly key: ApiKey; readonly text: string }> {
    checkKeyInput(input);
    const { id, text, hash } = newKeyText();
    const row: ApiKeyRow = {
      id,
      name: input.name,
      hash: hash.toString('hex'),
      scopes: JSON.stringify(input.scopes),
      accounts: JSON.stringify(input.accounts),
      paths: JSON.stringify(input.paths),
      rate_per_second: input.ratePerSecond,
      expires_at: input.expiresAt?.getTime() ?? null,
      created_at: Date.now(),
      created_by: by.id,
      revoked_at: null,
      last_used_at: null,
    };
    await repeat(async () => {
      try {
        await this.#sql.transaction().execute(async (sql) => {
          await sql.insertInto('api_keys').values(row).execute();
          await noteIn(sql, by, 'key created', id, row.created_at);
        });
      } catch (error) {
        // Random ids do not collide: an earlier attempt was committed before its connection was lost.
        if (!isDuplicate(error)) throw error;
      }
    });
    return { key: toKey(row), text };
  }

  /** Once this returns, `find` returns the key as revoked. */
  revoke(id: string, by: Actor): Promise<'revoked' | 'unknown'> {
    return repeat(async () => {
      const now = Date.now();
      const done = await this.#sql.transaction().execute(async (sql) => {
        const { numUpdatedRows } = await sql
          .updateTable('api_keys')
          .set({ revoked_at: now })
          .where('id', '=', id)
          .where('revoked_at', 'is', null)
          .executeTakeFirst();
        if (numUpdatedRows === 0n) return false;
        await noteIn(sql, by, 'key revoked', id, now);
        return true;
      });
      return done || (await this.find(id)) !== undefined ? 'revoked' : 'unknown';
    });
  }

  async find(id: string): Promise<StoredKey | undefined> {
    const row = await this.#sql.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst();
    return row && { key: toKey(row), hash: Buffer.from(row.hash, 'hex') };
  }

  /** Of those of these ids that are keys', also revoked ones. */
  async names(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (ids.length === 0) return new Map();
    const rows = await this.#sql.selectFrom('api_keys').select(['id', 'name']).where('id', 'in', ids).execute();
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  /** Ids of the keys that were revoked after `since` (ms), by the clocks of the processes that revoked them. */
  async revokedSince(since: number): Promise<string[]> {
    const rows = await this.#sql.selectFrom('api_keys').select('id').where('revoked_at', '>', since).execute();
    return rows.map(({ id }) => id);
  }

  /** The newest first, including revoked and expired keys. Throws Failure `invalid_request`. */
  async list(page: PageRequest): Promise<Page<ApiKey>> {
    let query = this.#sql.selectFrom('api_keys').selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc');
    const before = positionOf(page.cursor);
    if (before) {
      const { at, id } = before;
      query = query.where((eb) =>
        eb.or([eb('created_at', '<', at), eb.and([eb('created_at', '=', at), eb('id', '<', id)])]),
      );
    }
    const rows = await query.limit(page.limit + 1).execute();
    const position = (row: (typeof rows)[number]) => ({ at: Number(row.created_at), id: row.id });
    return newestFirst(rows, page.limit, { position, item: toKey });
  }

  /** If several nodes notice the same use, one of them writes. */
  async markUsed(id: string, at: number, unlessSince: number): Promise<void> {
    await this.#sql
      .updateTable('api_keys')
      .set({ last_used_at: at })
      .where('id', '=', id)
      .where((eb) => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<', unlessSince)]))
      .execute();
  }
}

function toKey(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    scopes: JSON.parse(row.scopes) as KeyScope[],
    accounts: JSON.parse(row.accounts) as string[],
    paths: JSON.parse(row.paths) as string[],
    ratePerSecond: row.rate_per_second === null ? null : Number(row.rate_per_second),
    expiresAt: dateOf(row.expires_at),
    createdAt: new Date(Number(row.created_at)),
    createdBy: row.created_by,
    revokedAt: dateOf(row.revoked_at),
    lastUsedAt: dateOf(row.last_used_at),
  };
}

function dateOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(Number(ms));
}
