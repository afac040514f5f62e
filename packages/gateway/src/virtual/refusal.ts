import { type CallFailure, ForbiddenFailure } from '@wxthirdparty/platform';
import { ERRCODE, type Failure, type Remedy } from '@wxthirdparty/wechat';

/** A refusal in WeChat's format. */
export interface Refusal {
  readonly errcode: number;
  readonly errmsg: string;
}

/** SDKs repeat −1, 40001 and 42001 by themselves; a call that may have been carried out needs a number that they do not know. */
const OUTCOME_UNKNOWN = 990001;

export const refusals = {
  missingAppid: { errcode: ERRCODE.appidMissing, errmsg: 'appid missing' },
  missingSecret: {
    errcode: ERRCODE.secretMissing,
    errmsg: 'appsecret missing: use an API key of this gateway, or Authorization: Bearer API_KEY',
  },
  badGrantType: { errcode: 40002, errmsg: 'invalid grant_type: use client_credential' },
  badKey: { errcode: ERRCODE.secretInvalid, errmsg: 'invalid appsecret: it is not an API key of this gateway' },
  badComponent: { errcode: ERRCODE.componentInvalid, errmsg: 'invalid component: this gateway does not run it' },
  missingComponentAppid: { errcode: ERRCODE.componentAppidMissing, errmsg: 'component_appid missing' },
  missingAuthorizerAppid: { errcode: ERRCODE.appidMissing, errmsg: 'authorizer_appid missing' },
  otherComponent: {
    errcode: ERRCODE.appidInvalid,
    errmsg: 'invalid appid: component_appid is not the component of this component_access_token',
  },
  notAComponentToken: {
    errcode: 61014,
    errmsg: 'must use component token for component api: this access_token is for one account',
  },
  codeInvalid: { errcode: ERRCODE.codeInvalid, errmsg: 'code is invalid' },
  codeExpired: { errcode: ERRCODE.codeUsed, errmsg: 'code is expired' },
  exchangePending: { errcode: ERRCODE.busy, errmsg: 'system error: the code is being exchanged; repeat the request' },
  refreshTokenInvalid: {
    errcode: ERRCODE.refreshTokenInvalid,
    errmsg: 'refresh_token is invalid: api_get_authorizer_list of this gateway has the one of each account',
  },
  refreshTokenRefused: {
    errcode: ERRCODE.refreshTokenInvalid,
    errmsg: 'refresh_token is invalid: WeChat no longer accepts it, so the account must authorize again',
  },
  listTooLong: { errcode: 40170, errmsg: 'args count exceed count limit: count is at most 500' },
  badAccount: { errcode: ERRCODE.notAuthorized, errmsg: 'component is not authorized by this account' },
  mustReauthorize: {
    errcode: ERRCODE.notAuthorized,
    errmsg: 'component is not authorized by this account: it must authorize again',
  },
  missingToken: { errcode: 41001, errmsg: 'access_token missing' },
  madeUpToken: {
    errcode: ERRCODE.tokenInvalid,
    errmsg: 'invalid credential, access_token is invalid: request one from this gateway',
  },
  expiredToken: { errcode: 42001, errmsg: 'access_token expired' },
  issuesCredentials: {
    errcode: 48001,
    errmsg:
      'api unauthorized: only the platform keeps tokens, tickets and codes; ' +
      '/cgi-bin/token issues a token of this gateway for an appid and an API key',
  },
  userTokenAlone: {
    errcode: 48001,
    errmsg: 'api unauthorized: send Authorization: Bearer API_KEY besides the user’s access_token',
  },
  severalTokens: { errcode: ERRCODE.tokenInvalid, errmsg: 'invalid credential: send one access_token' },
  unknownUserToken: {
    errcode: ERRCODE.tokenInvalid,
    errmsg:
      'invalid credential, access_token is invalid or not latest: no user who logged in through this gateway in the last ' +
      'two hours has it; let the user log in again, or send Authorization: Bearer API_KEY',
  },
  revokedLogin: {
    errcode: ERRCODE.tokenInvalid,
    errmsg:
      'invalid credential, access_token is invalid or not latest: the API key with which this user logged in is no longer valid',
  },
  notAUsersToken: {
    errcode: 48001,
    errmsg: 'api unauthorized: access_token must be the one of the user who logged in, not one of this gateway',
  },
  otherAppid: { errcode: ERRCODE.appidInvalid, errmsg: 'invalid appid: this access_token is for another account' },
  badPath: { errcode: 40066, errmsg: 'invalid url' },
  ownPath: {
    errcode: 40066,
    errmsg:
      'invalid url: this path is one of the gateway’s own; the base URL of an SDK is the gateway’s address alone, ' +
      'without /v1 or any other path',
  },
  needsGet: { errcode: 43001, errmsg: 'require GET or POST method' },
  needsPost: { errcode: 43002, errmsg: 'require POST method' },
  tooLate: { errcode: ERRCODE.busy, errmsg: 'system error: the request did not arrive in time; repeat it' },
  encodedBody: { errcode: 47001, errmsg: 'data format error: send the body without Content-Encoding' },
  badJson: {
    errcode: 47001,
    errmsg: 'data format error: the body is not JSON, or a field is missing or has another type',
  },
  unavailable: {
    errcode: ERRCODE.busy,
    errmsg: 'system error: this gateway cannot read the call at present; repeat it',
  },
  notDeparted: {
    errcode: ERRCODE.busy,
    errmsg: 'system error: the call did not depart in time and never will; repeat it',
  },
  outcomeUnknown: {
    errcode: OUTCOME_UNKNOWN,
    errmsg: 'outcome unknown: the call may have reached WeChat; check at WeChat before you repeat it',
  },
} as const satisfies Record<string, Refusal>;

const byCode: Readonly<Record<string, Refusal>> = {
  unknown_authorizer: refusals.badAccount,
  unknown_component: refusals.badAccount,
  reauthorize: refusals.mustReauthorize,
  ambiguous_component: {
    errcode: ERRCODE.notAuthorized,
    errmsg: 'this account exists under several components: use COMPONENT_APPID:APPID as appid',
  },
  deadline_passed: refusals.notDeparted,
  cancelled: refusals.notDeparted,
  outcome_unknown: refusals.outcomeUnknown,
  // Its record has vanished, so it is not known whether it was sent.
  call_lost: refusals.outcomeUnknown,
};

/** All other codes, by their remedy. */
const byRemedy: Readonly<Record<Remedy, number>> = {
  retry: ERRCODE.busy,
  'slow-down': ERRCODE.busy,
  'refresh-token': ERRCODE.busy,
  reauthorize: ERRCODE.notAuthorized,
  'fix-request': 40066,
  operator: ERRCODE.busy,
};

/** Numbers for which SDKs drop their token; about a token of this gateway they would be untrue. */
const aboutTokens = new Set<number>([ERRCODE.tokenInvalid, 40014, 42001]);

/**
 * The refusal for a call that WeChat did not answer, or that was not created. `link`: where the merchant can consent again, if that
 * is the remedy.
 */
export function refusalOf(failure: Failure | CallFailure, link?: string): Refusal {
  if (link !== undefined) {
    const { errcode, errmsg } = refusals.mustReauthorize;
    return { errcode, errmsg: `${errmsg} at ${link}` };
  }
  const fixed = byCode[failure.code];
  if (fixed !== undefined) return fixed;
  if (failure.code === 'too_large') return { errcode: 45001, errmsg: `media size out of limit: ${failure.message}` };
  if (failure instanceof ForbiddenFailure) {
    const account = 'account' in failure.missing;
    return { errcode: account ? ERRCODE.notAuthorized : 48001, errmsg: `api unauthorized: ${failure.message}` };
  }
  if (failure.code === 'rate_limited' || failure.code === 'too_many_guesses') {
    return { errcode: ERRCODE.minuteLimit, errmsg: `api minute-quota reach limit, must slower: ${failure.message}` };
  }
  if (failure.code === 'quota_closed') {
    return { errcode: ERRCODE.dayLimit, errmsg: `reach max api daily quota limit: ${failure.message}` };
  }
  // WeChat's own number helps an operator more than ours (61004: the IP list).
  const { errcode } = failure;
  const own = failure.remedy === 'operator' || failure.remedy === 'fix-request';
  const number = own && errcode !== undefined && !aboutTokens.has(errcode) ? errcode : byRemedy[failure.remedy];
  return { errcode: number, errmsg: `${number === ERRCODE.busy ? 'system error' : 'refused'}: ${failure.message}` };
}
