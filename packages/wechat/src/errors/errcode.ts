import type { Remedy } from '../failure.ts';
import documented from './errcodes.json' with { type: 'json' };

/** The numbers on which code decides. */
export const ERRCODE = {
  ok: 0,
  /** WeChat is overloaded. It may have acted nevertheless. */
  busy: -1,
  tokenInvalid: 40001,
  openidInvalid: 40003,
  appidInvalid: 40013,
  secretInvalid: 40125,
  appidMissing: 41002,
  secretMissing: 41004,
  componentAppidMissing: 41018,
  componentSecretMissing: 41019,
  contentMinuteLimit: 44991,
  dayLimit: 45009,
  minuteLimit: 45011,
  clearsUsedUp: 48006,
  notAuthorized: 61003,
  addressForbidden: 61004,
  codeInvalid: 61009,
  codeUsed: 61010,
  componentInvalid: 61011,
  accountApiOnly: 61015,
  refreshTokenInvalid: 61023,
} as const;

/** The subject of a number (protocol §8); `own`: it is one of this project's; `unknown`: it is undocumented. */
export type ErrcodeClass =
  | 'ok'
  | 'auth'
  | 'permission'
  | 'quota'
  | 'transient'
  | 'parameter'
  | 'crypto'
  | 'own'
  | 'unknown';

export interface ErrcodeEntry {
  readonly errcode: number;
  readonly meaning: string;
  readonly class: ErrcodeClass;
  /** The table's reaction word. */
  readonly reaction: string;
  readonly remedy: Remedy;
  /** Stable, snake_case: becomes Failure.code. */
  readonly code: string;
}

/** The table's reaction words as remedies. */
const remedies: Readonly<Record<string, Remedy>> = {
  refresh_token_once: 'refresh-token',
  // WeChat pushes the next ticket within ten minutes.
  new_ticket_once: 'retry',
  reconcile_refresh_token_once: 'reauthorize',
  reauthorize: 'reauthorize',
  backoff: 'retry',
  next_minute: 'slow-down',
  next_day_beijing: 'slow-down',
  next_month: 'slow-down',
  wait_then_retry: 'slow-down',
  operator_action: 'operator',
  fix_request: 'fix-request',
  never: 'fix-request',
  try_previous_key: 'fix-request',
  check_first: 'operator',
  use_real_wechat: 'operator',
  none: 'fix-request',
};

/** Numbers on which callers decide have a name. */
const codes: Readonly<Record<string, readonly number[]>> = {
  ok: [0],
  token_refused: [40001, 40014, 42001, 42006],
  secret_refused: [40125, 40094],
  component_refused: [61011],
  ip_not_allowed: [61004, 40164, 40090, 45035],
  ticket_refused: [61005, 61006, 40091],
  refresh_token_refused: [61023],
  not_authorized: [61003],
  auth_code_refused: [61009, 61010],
  user_code_refused: [40029, 40163, 42003],
  user_consent_gone: [40030, 42002, 42007],
  quota_closed: [45009],
  api_not_granted: [48001, 61007],
  outcome_unknown: [990001],
  not_simulated: [990404],
};

/** The code of the other numbers depends on the table's reaction. */
const codesByReaction: Readonly<Record<string, string>> = {
  backoff: 'wechat_busy',
  next_minute: 'minute_limit',
  next_day_beijing: 'day_limit',
  next_month: 'month_limit',
  wait_then_retry: 'wechat_not_yet',
  operator_action: 'operator_needed',
};

const named = new Map(Object.entries(codes).flatMap(([code, numbers]) => numbers.map((number) => [number, code])));

const entries = new Map<number, ErrcodeEntry>(
  documented.map((entry) => [
    entry.errcode,
    {
      ...entry,
      class: entry.class as ErrcodeClass,
      remedy: remedyOf(entry),
      code: named.get(entry.errcode) ?? codeOf(entry),
    },
  ]),
);

/** Undocumented numbers are `wechat_refused`. */
export function explainErrcode(errcode: number): ErrcodeEntry {
  return (
    entries.get(errcode) ?? {
      errcode,
      meaning: 'an undocumented errcode',
      class: 'unknown',
      reaction: 'never',
      remedy: 'fix-request',
      code: 'wechat_refused',
    }
  );
}

/** The number depends on whether the token is superseded, malformed or expired: one class (protocol §8). */
export function isTokenRefusal(errcode: number): boolean {
  return codes.token_refused?.includes(errcode) ?? false;
}

export function documentedErrcodes(): readonly ErrcodeEntry[] {
  return [...entries.values()];
}

function remedyOf({ class: kind, reaction }: { class: string; reaction: string }): Remedy {
  // After a limit, backing off means waiting; after a transient error, trying again.
  if (reaction === 'backoff' && kind !== 'transient') return 'slow-down';
  return remedies[reaction] ?? 'fix-request';
}

function codeOf({ class: kind, reaction }: { class: string; reaction: string }): string {
  if (kind === 'crypto') return 'envelope_refused';
  if (reaction === 'backoff' && kind !== 'transient') return 'wechat_not_yet';
  return codesByReaction[reaction] ?? 'wechat_refused';
}
