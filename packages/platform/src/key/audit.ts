import { randomBytes } from 'node:crypto';
import type { Sql } from '../database/open.ts';
import type { ApiKeyAuditRow } from '../database/schema.ts';
import type { Page, PageRequest } from '../paging.ts';
import { newestFirst, positionOf } from './newest-first.ts';

/** The origin of an action that needs an operator's rights. */
export interface Actor {
  /** The key's id, `API_KEY` for the key in the environment, or `command-line`. */
  readonly id: string;
  readonly address: string | null;
  readonly requestId: string | null;
}

export interface AuditEntry {
  readonly id: string;
  readonly at: Date;
  readonly actor: Actor;
  /** `key created`, `subscription changed` and the like, or the request's method and route. */
  readonly action: string;
  /** The id of the key or subscription that the action changed; of an erasure, the account or a hash of the person. */
  readonly target: string | null;
}

/** All actions that need an operator's rights, changes of subscriptions, and erasures; entries are never deleted. */
export class Audit {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Call it before the action, which must not be carried out if this fails. */
  async note(actor: Actor, action: string, target: string | null = null): Promise<void> {
    await noteIn(this.#sql, actor, action, target);
  }

  /** The newest first. Throws Failure `invalid_request` for an invalid cursor. */
  async list(page: PageRequest): Promise<Page<AuditEntry>> {
    let query = this.#sql.selectFrom('api_key_audit').selectAll().orderBy('at', 'desc').orderBy('id', 'desc');
    const before = positionOf(page.cursor);
    if (before) {
      const { at, id } = before;
      query = query.where((eb) => eb.or([eb('at', '<', at), eb.and([eb('at', '=', at), eb('id', '<', id)])]));
    }
    const rows = await query.limit(page.limit + 1).execute();
    const position = (row: (typeof rows)[number]) => ({ at: Number(row.at), id: row.id });
    return newestFirst(rows, page.limit, { position, item: toEntry });
  }
}

/** Within the transaction of the action. */
export async function noteIn(
  sql: Sql,
  actor: Actor,
  action: string,
  target: string | null,
  at: number = Date.now(),
): Promise<void> {
  await sql
    .insertInto('api_key_audit')
    .values({
      id: randomBytes(12).toString('hex'),
      at,
      actor: actor.id,
      action,
      target,
      address: actor.address,
      request_id: actor.requestId,
    })
    .execute();
}

function toEntry(row: ApiKeyAuditRow): AuditEntry {
  return {
    id: row.id,
    at: new Date(Number(row.at)),
    actor: { id: row.actor, address: row.address, requestId: row.request_id },
    action: row.action,
    target: row.target,
  };
}
