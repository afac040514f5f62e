import { ERRCODE } from '@wxthirdparty/wechat';
import type { Asked } from './ask-wechat.ts';

type Answered = Extract<Asked, { readonly kind: 'answered' }>;

/** Departures after which a transient error is final. Those that a refused token ended are not counted. */
const MAX_TRIES = 4;
const BACKOFF_MS = 500;

/** Whether there is another try after a transient error. `tries`: departures so far that no refused token ended. */
export function triesLeft(tries: number): boolean {
  return tries < MAX_TRIES;
}

/** The wait before the next departure. */
export function backoffMs(tries: number): number {
  return BACKOFF_MS * 2 ** Math.max(0, tries - 1);
}

/** −1. WeChat may have carried the request out all the same, so only what is safe to repeat is sent again. */
export function isBusy(errcode: number): boolean {
  return errcode === ERRCODE.busy;
}

/** Whether the next token may be tried after a refused one. The answer to a second refusal goes to the caller. */
export function mayTryNextToken(refusals: number): boolean {
  return refusals === 0;
}

/** Whether this answer refused the token, and the request is sent again with the next one. */
export function needsNextToken({ refusedToken }: Pick<Answered, 'refusedToken'>, refusals: number): boolean {
  return refusedToken === 'replaced' && mayTryNextToken(refusals);
}
