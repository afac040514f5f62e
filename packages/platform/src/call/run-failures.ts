import type { CallFailure } from './call.ts';
import { outcomeUnknown } from './verdict.ts';

/** The failures with which a run settles its call, apart from WeChat's own answers (`verdict.ts`). */
export const runFailures = {
  claimed: outcomeUnknown('The process that was sending the call ended before an answer came'),
  deadlinePassed: {
    code: 'deadline_passed',
    remedy: 'retry',
    message: 'The call could not depart in time; it was not sent.',
  },
  answerTooLate: {
    code: 'deadline_passed',
    remedy: 'retry',
    message: 'The deadline passed before an answer came. The call may have been sent; it is safe to repeat.',
  },
  unreadable: {
    code: 'call_unreadable',
    remedy: 'operator',
    message: 'The stored request cannot be opened, so it was not sent. Was a SECRETS_KEY removed too early?',
  },
  internal: {
    code: 'internal',
    remedy: 'operator',
    message: 'Runs of this call failed because of an internal error. The log of the worker has the cause.',
  },
  faultAfterDeparture: outcomeUnknown('The call was sent, and then its run failed because of an internal error'),
} satisfies Record<string, CallFailure>;

export function quotaClosed(path: string, until: Date): CallFailure {
  return {
    code: 'quota_closed',
    remedy: 'slow-down',
    message: `WeChat allows no more calls of ${path} for this account until ${until.toISOString()}.`,
  };
}
