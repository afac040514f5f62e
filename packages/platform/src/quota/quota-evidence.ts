import { type Answer, ERRCODE, type ErrcodeClass, explainErrcode } from '@wxthirdparty/wechat';

/** What WeChat's answer to a request says about the quota that the request took from. */
export type QuotaEvidence = 'day-used-up' | 'minute-used-up' | 'open' | 'none';

/**
 * Whether an answer of this class comes from behind WeChat's quota check. The token, the caller's address and the
 * permission are checked before it, and a busy WeChat has checked nothing; so these say nothing about a closed quota.
 */
const isBehindQuotaCheck: Readonly<Record<ErrcodeClass, boolean>> = {
  ok: true,
  parameter: true,
  auth: false,
  permission: false,
  quota: false,
  transient: false,
  crypto: false,
  own: false,
  unknown: false,
};

/** Here WeChat counts the minute of each user (protocol §5.8), so one user's limit says nothing about the account's. */
const MINUTE_BY_USER = '/sns/component/jscode2session';

/**
 * The one rule for what closes and what reopens a quota. `path`: as the catalogue writes it; `errcode`: undefined where
 * no readable answer came.
 */
export function quotaEvidenceOf(path: string, errcode: number | undefined): QuotaEvidence {
  if (errcode === undefined) return 'none';
  switch (errcode) {
    case ERRCODE.dayLimit:
      return 'day-used-up';
    case ERRCODE.minuteLimit:
    case ERRCODE.contentMinuteLimit:
      return path === MINUTE_BY_USER ? 'none' : 'minute-used-up';
    default:
      return isBehindQuotaCheck[explainErrcode(errcode).class] ? 'open' : 'none';
  }
}

/** The errcode of an answer; 0 for bytes, which WeChat sends only on success, and undefined for an unreadable one. */
export function errcodeOf(answer: Answer): number | undefined {
  switch (answer.kind) {
    case 'json':
      return answer.errcode;
    case 'binary':
      return ERRCODE.ok;
    case 'broken':
      return undefined;
    default:
      return answer satisfies never;
  }
}
