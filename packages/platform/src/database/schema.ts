import type { Generated, Selectable } from 'kysely';

/** Times are ms since 1970; `sealed` columns hold what redis/sealed.ts made. */
export interface Database {
  components: ComponentTable;
  authorizers: AuthorizerTable;
  api_keys: ApiKeyTable;
  api_key_audit: ApiKeyAuditTable;
}

export interface ComponentTable {
  appid: string;
  ticket_sealed: string | null;
  ticket_create_time: number | null;
  ticket_received_at: number | null;
}

export interface AuthorizerTable {
  component: string;
  appid: string;
  kind: string | null;
  nick_name: string | null;
  user_name: string | null;
  head_img: string | null;
  principal_name: string | null;
  state: string;
  /** JSON array of permission-set ids. */
  scopes: string;
  handle: string;
  refresh_token_sealed: string | null;
  grant_version: Generated<number>;
  authorized_at: number;
  updated_at: number;
  /** The last refresh of its token; tells after a lost Redis who was in use. */
  used_at: number | null;
}

export type AuthorizerRow = Selectable<AuthorizerTable>;

/** Nothing but `last_used_at` and, once, `revoked_at` ever changes. */
export interface ApiKeyTable {
  id: string;
  name: string;
  /** SHA-256 of the key, hex. */
  hash: string;
  /** JSON arrays of strings. */
  scopes: string;
  accounts: string;
  paths: string;
  rate_per_second: number | null;
  expires_at: number | null;
  created_at: number;
  created_by: string;
  revoked_at: number | null;
  last_used_at: number | null;
}

export type ApiKeyRow = Selectable<ApiKeyTable>;

export interface ApiKeyAuditTable {
  id: string;
  at: number;
  /** The key that was used, by id, or one of the actors that have none. */
  actor: string;
  action: string;
  /** The key that it was done to, by id. */
  target: string | null;
  address: string | null;
  request_id: string | null;
}

export type ApiKeyAuditRow = Selectable<ApiKeyAuditTable>;
