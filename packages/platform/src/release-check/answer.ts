import { type Push, type TestAccount, testAccountOf } from '@wxthirdparty/wechat';
import type { ReplyParties } from '../reply/reply-xml.ts';

/** What WeChat writes in its cases 2 and 3. */
export const TEXT = 'TESTCOMPONENT_MSG_TYPE_TEXT';
export const CODE_PREFIX = 'QUERY_AUTH_CODE:';
const REHEARSAL_PREFIX = 'rehearsal_';

/** How WeChat is answered while it checks a platform. */
export type CheckAnswer =
  /** A passive text reply. */
  | { readonly answer: 'reply'; readonly step: 'text' | 'event'; readonly content: string; readonly to: ReplyParties }
  /** An empty body; afterwards the code is exchanged and used. */
  | { readonly answer: 'empty'; readonly code: string; readonly to: ReplyParties }
  /** No case of the check. */
  | { readonly answer: 'success' };

/** A push of a test account, and how it is answered. */
export interface CheckedPush {
  readonly account: TestAccount;
  /** The rehearsal of this id sent it, not WeChat. */
  readonly rehearsal: string | undefined;
  readonly answer: CheckAnswer;
}

/**
 * The whole-network release check (protocol §6): every text is compared and answered exactly. `appid` is in the message
 * URL. Undefined for all pushes that belong to no test account, and for those of the event URL: there, a test account is
 * an account like any other.
 */
export function checkedPush(push: Push, appid: string | undefined): CheckedPush | undefined {
  if (appid === undefined) return undefined;
  const message = push.type === 'message' ? push : undefined;
  const account = testAccountOf(appid, message?.toUserName);
  if (account === undefined) return undefined;
  const answer: CheckAnswer = message === undefined ? { answer: 'success' } : answerOf(message, account);
  return { account, rehearsal: rehearsalOf(message?.fromUserName), answer };
}

/** The sender of a rehearsal's pushes. */
export function rehearsalSender(id: string): string {
  return `${REHEARSAL_PREFIX}${id}`;
}

function rehearsalOf(fromUserName = ''): string | undefined {
  return fromUserName.startsWith(REHEARSAL_PREFIX) ? fromUserName.slice(REHEARSAL_PREFIX.length) : undefined;
}

function answerOf(push: Extract<Push, { type: 'message' }>, { kind }: TestAccount): CheckAnswer {
  const to = { openid: push.fromUserName, userName: push.toUserName };
  // Mini programs accept no passive text (protocol §1.5), so WeChat checks them by the API alone.
  const repliesByText = kind === 'official-account';
  if (push.msgType === 'event') {
    if (!repliesByText || push.event === undefined) return { answer: 'success' };
    return { answer: 'reply', step: 'event', content: `${push.event}from_callback`, to };
  }
  const { Content: content } = push.fields;
  if (push.msgType !== 'text' || typeof content !== 'string') return { answer: 'success' };
  if (content === TEXT && repliesByText) return { answer: 'reply', step: 'text', content: `${TEXT}_callback`, to };
  const code = content.startsWith(CODE_PREFIX) ? content.slice(CODE_PREFIX.length) : '';
  return code === '' ? { answer: 'success' } : { answer: 'empty', code, to };
}
