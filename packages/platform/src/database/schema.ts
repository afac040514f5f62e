import type { Generated, Selectable } from 'kysely';

/** Times are ms since 1970; `sealed` columns are sealed by sealing/seals.ts. */
export interface Database {
  components: ComponentTable;
  authorizers: AuthorizerTable;
  authorizer_history: AuthorizerHistoryTable;
  authorization_links: AuthorizationLinkTable;
  authorization_openings: AuthorizationOpeningTable;
  reconciliations: ReconciliationTable;
  followers: FollowerTable;
  follower_syncs: FollowerSyncTable;
  follower_sync_lists: FollowerSyncListTable;
  follower_sync_schedules: FollowerSyncScheduleTable;
  api_keys: ApiKeyTable;
  api_key_audit: ApiKeyAuditTable;
  pushes: PushTable;
  subscriptions: SubscriptionTable;
  deliveries: DeliveryTable;
  replays: ReplayTable;
  release_checks: ReleaseCheckTable;
  deployment: DeploymentTable;
  schema_floor: SchemaFloorTable;
}

/** One row. */
export interface DeploymentTable {
  one: 1;
  /** Random; the same one is in Redis (deployment/deployment.ts). */
  id: string;
  /** Redis' own time when it was last noted there and here (deployment/redis-age.ts). */
  redis_time?: number | null;
}

/** One row. */
export interface SchemaFloorTable {
  one: 1;
  /** The oldest schema version whose program may run on this database. */
  version: number;
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
  /** Random, and unique in the deployment: the value of merchants' cookies, and the account's handle until one is chosen. */
  handle: string;
  refresh_token_sealed: string | null;
  grant_version: Generated<number>;
  authorized_at: number;
  updated_at: number;
  /** The last refresh of its token; after a loss of Redis it shows whether the account was in use. */
  used_at: number | null;
  alias: string | null;
  service_type: number | null;
  verify_type: number | null;
  account_status: number | null;
  /** When WeChat last returned the profile, and when it is due to be read again. */
  profile_at: number | null;
  profile_due_at: number | null;
  /** The start of the last reconciliation whose list had the account. */
  listed_at: number | null;
  /** Unique in its component. */
  chosen_handle: string | null;
}

/** The changes of an authorizer's consent, in the order of the grant's version. */
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
  /** For the account that authorizes by it, and when it was given to that account or refused. */
  handle: string | null;
  handle_at: number | null;
}

/** One visit of a link, by the hash of its pre-auth code. */
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

export interface FollowerTable {
  component: string;
  appid: string;
  openid: string;
  /** 1 or 0. */
  subscribed: number;
  /** Time of the newest push about it; 0 if there was none. */
  status_at: number;
  subscribed_at: number | null;
  unsubscribed_at: number | null;
  unionid: string | null;
  remark: string | null;
  /** `,2,134,`: so that a tag can be searched for without an index. Null: WeChat was not asked. */
  tag_ids: string | null;
  scene: string | null;
  /** JSON object: WeChat's other fields of a follower. */
  extra: string | null;
}

export interface FollowerSyncTable {
  id: string;
  component: string;
  appid: string;
  /** Component and appid until the sync has ended. It is unique, so an account has one sync at a time. */
  active_key: string | null;
  details: number;
  state: string;
  phase: string;
  /** Grows with every slice; only the slice with the latest run may write. */
  run: number;
  total: number | null;
  listed: number;
  detailed: number;
  /** How many of the detailed had their key range of the table compared. Fewer than detailed: an older version did the others. */
  without_details: number | null;
  looked: number | null;
  /** JSON array: buckets in whose key range there is an unlisted follower. */
  unlisted: string | null;
  pages: number;
  /** JSON array: the last openids listed; the next page starts after the last of them. */
  next_openids: string;
  /** When the first page was asked for. */
  listing_from: number | null;
  /** JSON array: the last openid of each bucket but the last. */
  splits: string;
  /** How far the details or the finishing have come. */
  bucket: number;
  after_openid: string;
  /** Followers a second, recently. */
  rate: number | null;
  error: string | null;
  /** Consecutive slices that ended in an error. */
  troubles: number;
  trouble_since: number | null;
  waiting_until: number | null;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
  updated_at: number;
}

export interface FollowerSyncListTable {
  sync_id: string;
  bucket: number;
  page: number;
  asked_at: number;
  /** One per line. */
  openids: string;
}

export interface FollowerSyncScheduleTable {
  component: string;
  appid: string;
  /** `03:30`, Beijing time. */
  at: string;
  details: number;
  next_at: number;
}

export type AuthorizerRow = Selectable<AuthorizerTable>;

/** Only `last_used_at` and, once, `revoked_at` change. */
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
  /** The id of the key that was used, or the name of an actor without a key. */
  actor: string;
  action: string;
  /** The id of the key that the action changed. */
  target: string | null;
  address: string | null;
  request_id: string | null;
}

export type ApiKeyAuditRow = Selectable<ApiKeyAuditTable>;
export type FollowerRow = Selectable<FollowerTable>;
export type FollowerSyncRow = Selectable<FollowerSyncTable>;

/** The journal: every push and notice, as long as PUSH_DAYS. */
export interface PushTable {
  component: string;
  /** 26 characters that start with the time (journal/push-id.ts). */
  id: string;
  /** Null: it concerns the component itself, or no account. */
  appid: string | null;
  type: string;
  note: string | null;
  /** HMAC of component, appid and openid; null: the push has no openid. */
  person: string | null;
  create_time: number;
  received_at: number;
  /** Its id in the stream (ms × 1000 + counter): the order of acceptance. It can repeat. */
  seq: number;
  /** How its user was answered; changes from null only. */
  replied: string | null;
  /** The decrypted XML of a push, or the JSON of a notice; sealed for `component/id`. */
  sealed: Buffer;
}

export interface SubscriptionTable {
  id: string;
  name: string;
  url_sealed: string;
  /** Format `wechat-component` only. */
  message_url_sealed: string | null;
  format: string;
  /** Format `wechat` only. */
  mode: string | null;
  /** Format `wechat-component` only. */
  component: string | null;
  /** JSON; it can name openids. */
  filter_sealed: string;
  /** JSON; null: its answers are no replies. */
  reply: string | null;
  max_in_flight: number;
  timeout_ms: number;
  give_up_ms: number | null;
  state: string;
  reason: string | null;
  /** Failed attempts since the last success; changed by increments. */
  failures: number;
  failing_since: number | null;
  probe_at: number | null;
  /** Nothing is sent earlier, since the receiver asked for that. */
  hold_until: number | null;
  /** When the next ticket is due; format `wechat-component` only. */
  ticket_at: number | null;
  last_success_at: number | null;
  /** Since when deliveries may be missing; a resume replays from here. */
  behind_since: number | null;
  /** JSON. */
  last_failure: string | null;
  last_ticket: string | null;
  secrets_sealed: string;
  created_by: string;
  created_at: number;
  changed_at: number;
}

/** One push for one subscription. */
export interface DeliveryTable {
  subscription: string;
  push: string;
  component: string;
  appid: string | null;
  type: string;
  seq: number;
  /** When the next attempt is due; null: it is settled. */
  pending_at: number | null;
  /** When it last became pending. */
  opened_at: number;
  attempts: number;
  state: string;
  /** Of the last attempt. */
  status: number | null;
  code: string | null;
  ms: number | null;
  /** The last ten failed attempts, as JSON; an answer can be personal. */
  failures_sealed: string | null;
  replay: string | null;
  reply_state: string | null;
  reply_reason: string | null;
  /** The call that sends a late reply. */
  call_id: string | null;
  settled_at: number | null;
}

export interface ReplayTable {
  id: string;
  subscription: string;
  since: number;
  until: number;
  only: string;
  state: string;
  /** Grows with every run; only the latest one may write. */
  run: number;
  /** How far it has come. */
  after_seq: number;
  after_id: string;
  matched: number;
  created_at: number;
  finished_at: number | null;
  error: string | null;
}

export interface ReleaseCheckTable {
  id: string;
  component: string;
  kind: string;
  appid: string | null;
  state: string;
  /** JSON array. */
  steps: string;
  started_at: number;
  finished_at: number | null;
}

export type PushRow = Selectable<PushTable>;
export type SubscriptionRow = Selectable<SubscriptionTable>;
export type DeliveryRow = Selectable<DeliveryTable>;
export type ReplayRow = Selectable<ReplayTable>;
export type ReleaseCheckRow = Selectable<ReleaseCheckTable>;
