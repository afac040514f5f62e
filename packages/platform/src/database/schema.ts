import type { Generated, Selectable } from 'kysely';

/** Times are ms since 1970; `sealed` columns hold what redis/sealed.ts made. */
export interface Database {
  components: ComponentTable;
  authorizers: AuthorizerTable;
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
