/** The steps of a real check are WeChat's cases (protocol §6), those of a rehearsal also what they depend on. */
export const checkStepNames = [
  'address',
  'ticket',
  'ready',
  'authorized',
  'text',
  'event',
  'api_text',
  'unauthorized',
  'configuration',
] as const;
export type CheckStepName = (typeof checkStepNames)[number];

export const checkCodes = [
  // address
  'unreachable',
  'not_public',
  'bad_certificate',
  'wrong_port',
  // ticket
  'not_success',
  'too_slow',
  'signature_refused',
  // ready
  'no_ticket',
  'ip_not_listed',
  'wrong_secret',
  'not_ready',
  // text, event
  'plain_reply',
  'wrong_text',
  'no_reply',
  // api_text
  'not_empty',
  'no_worker',
  'queue_backlog',
  'not_received',
  'exchange_failed',
  'send_failed',
  // configuration
  'last_check_failed',
] as const;
/** Why a step failed. */
export type CheckCode = (typeof checkCodes)[number];

export interface CheckStep {
  readonly name: CheckStepName;
  /** `skipped`: it could not be tried, or does not apply. */
  readonly state: 'ok' | 'failed' | 'skipped';
  readonly code: CheckCode | null;
  readonly ms: number | null;
  /** What WeChat expects, and what it got. Never a code, a token or an openid. */
  readonly expected: string | null;
  readonly got: string | null;
}

/** WeChat's check before a release, or a rehearsal of it. `state` of a real one is our view; WeChat's console has the verdict. */
export interface ReleaseCheck {
  readonly id: string;
  readonly component: string;
  readonly kind: 'real' | 'rehearsal';
  /** The test account; null: a rehearsal, which uses one of each kind. */
  readonly appid: string | null;
  readonly state: 'running' | 'passed' | 'failed';
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  readonly steps: readonly CheckStep[];
}
