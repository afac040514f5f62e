import type { Generated, Selectable } from 'kysely';

/** Times are ms since 1970; `sealed` columns hold what redis/sealed.ts made. */
export interface Database {
  components: ComponentTable;
  authorizers: AuthorizerTable;
  authorizer_history: AuthorizerHistoryTable;
  authorization_links: AuthorizationLinkTable;
  authorization_openings: AuthorizationOpeningTable;
  reconciliations: ReconciliationTable;
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
  alias: string | null;
  service_type: number | null;
  verify_type: number | null;
  account_status: number | null;
  /** When WeChat last told the profile, and when it is to be asked again. */
  profile_at: number | null;
  profile_due_at: number | null;
  /** The last reconciliation, by its start, whose list held the account. */
  listed_at: number | null;
}

/** What became of a consent; the grant's version orders it. */
export interface AuthorizerHistoryTable {
  component: string;
  appid: string;
  grant_version: number;
  at: number;
  event: string;
  state: string;
  scopes: string;
}

export interface AuthorizationLinkTable {
  id: string;
  component: string;
  style: string | null;
  auth_type: number;
  biz_appid: string | null;
  category_id_list: string | null;
  return_to: string | null;
  state: string;
  appid: string | null;
  failure_code: string | null;
  failure_message: string | null;
  created_at: number;
  expires_at: number;
  opened_at: number | null;
  settled_at: number | null;
}

/** One visit of a link: the pre-auth code that it was given, by its hash. */
export interface AuthorizationOpeningTable {
  pre_auth_hash: string;
  link_id: string;
  opened_at: number;
}

export interface ReconciliationTable {
  id: string;
  component: string;
  running_for: string | null;
  reason: string;
  state: string;
  phase: string;
  list_offset: number;
  missing_after: string;
  total: number | null;
  seen: number;
  added: number;
  changed: number;
  revoked: number;
  error: string | null;
  created_at: number;
  started_at: number | null;
  updated_at: number;
  finished_at: number | null;
}

export type AuthorizerRow = Selectable<AuthorizerTable>;
