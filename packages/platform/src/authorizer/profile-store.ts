import type { AuthorizerInfo } from '@wxthirdparty/wechat';
import type { Sql } from '../database/open.ts';
import { rowOf } from './authorizer-row.ts';
import { changeGrantRow, inOneTransaction, recordEvent } from './grant-row.ts';

/** What WeChat reports of the accounts themselves, in SQL, and when each is read again. */
export class ProfileStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Appids whose profile is due, longest first. They are not due again for `holdMs`, so that each is claimed once. */
  async claimDue(component: string, limit: number, holdMs: number): Promise<string[]> {
    const now = Date.now();
    const rows = await this.#sql
      .selectFrom('authorizers')
      .select('appid')
      .where('component', '=', component)
      .where('state', '!=', 'revoked')
      .where('profile_due_at', '<=', now)
      .orderBy('profile_due_at')
      .limit(limit)
      .execute();
    const appids = rows.map((row) => row.appid);
    if (appids.length === 0) return [];
    await this.#sql
      .updateTable('authorizers')
      .set({ profile_due_at: now + holdMs })
      .where('component', '=', component)
      .where('appid', 'in', appids)
      .execute();
    return appids;
  }

  /** The profile is due after `byMs`. */
  async postpone(component: string, appid: string, byMs: number): Promise<void> {
    await this.#sql
      .updateTable('authorizers')
      .set({ profile_due_at: Math.floor(Date.now() + byMs) })
      .where('component', '=', component)
      .where('appid', '=', appid)
      .execute();
  }

  /**
   * Saves the profile, and the scopes if the grant is still the one that was read as `version` before the request. What
   * WeChat did not report stays as it is stored. `nextInMs`: when the profile is due again.
   */
  async save(component: string, info: AuthorizerInfo, version: number, nextInMs: number): Promise<void> {
    const { appid } = info;
    const now = Date.now();
    await inOneTransaction(this.#sql, async (sql) => {
      await sql
        .updateTable('authorizers')
        .set({
          ...reported('nick_name', info.nickName),
          ...reported('user_name', info.userName),
          ...reported('head_img', info.headImg === '' ? null : info.headImg),
          ...reported('principal_name', info.principalName === '' ? null : info.principalName),
          ...reported('alias', info.alias === '' ? null : info.alias),
          ...reported('service_type', info.serviceType),
          ...reported('verify_type', info.verifyType),
          ...reported('account_status', info.accountStatus),
          profile_at: now,
          profile_due_at: Math.floor(now + nextInMs),
          updated_at: now,
        })
        .where('component', '=', component)
        .where('appid', '=', appid)
        .execute();
      const row = await rowOf(sql, component, appid);
      if (!row) return;
      // An account never changes its kind: a mini program whose answer lacks that field is still one.
      if (info.kind === 'mini-program' ? row.kind !== info.kind : row.kind === null) {
        await sql
          .updateTable('authorizers')
          .set({ kind: info.kind })
          .where('component', '=', component)
          .where('appid', '=', appid)
          .execute();
      }
      if (!info.scopes || sameScopes(JSON.parse(row.scopes) as number[], info.scopes)) return;
      const scopes = JSON.stringify(info.scopes);
      if (await changeGrantRow(sql, component, appid, { scopes }, version)) {
        await recordEvent(sql, component, appid, 'scopes-changed', now);
      }
    });
  }
}

/** Empty if WeChat did not report it. */
function reported<Column extends string, Value>(
  column: Column,
  value: Value | undefined,
): { [name in Column]?: Value } {
  return value === undefined ? {} : ({ [column]: value } as { [name in Column]: Value });
}

function sameScopes(one: readonly number[], other: readonly number[]): boolean {
  const set = new Set(one);
  return set.size === new Set(other).size && other.every((id) => set.has(id));
}
