import { errcodeRemedies, RefusedError, WxThirdpartyError } from '@wxthirdparty/sdk';
import { type Remedy, ThirdpartyError } from './thirdparty-error.ts';

/** The SDK's error as one of this package. */
export function thirdpartyErrorOf(error: unknown): ThirdpartyError {
  if (error instanceof ThirdpartyError) return error;
  if (!(error instanceof WxThirdpartyError)) {
    return new ThirdpartyError('The request failed.', { code: 'internal', remedy: 'operator', cause: error });
  }
  const { message, code, remedy, errcode, retryAfterMs } = error;
  const reasons = error instanceof RefusedError ? error.problem?.reasons : undefined;
  return new ThirdpartyError(message, { code, remedy, errcode, reasons, retryAfterMs, cause: error });
}

/** A refusal in WeChat's form, of WeChat or of the gateway in its place. */
export function wechatFailure(errcode: number, errmsg: string): ThirdpartyError {
  const facts = { code: CODES[errcode] ?? 'wechat_refused', remedy: remedyOf(errcode), errcode, errmsg };
  return new ThirdpartyError(`WeChat refused with ${errcode}: ${errmsg}`, facts);
}

/** The refusals of the virtual WeChat, by the codes that the gateway has for the same elsewhere. */
const CODES: Readonly<Record<number, string>> = {
  [-1]: 'unavailable',
  40125: 'unauthorized',
  45009: 'quota_closed',
  45011: 'rate_limited',
  48001: 'forbidden',
  61003: 'reauthorize',
  990001: 'outcome_unknown',
};

export function remedyOf(errcode: number): Remedy {
  // The gateway's own number: the call may have been carried out.
  if (errcode === 990001) return 'operator';
  return errcodeRemedies[errcode] ?? 'fix-request';
}

/** The gateway did not answer. @param mayHaveArrived the request may have been carried out */
export function unreachable(mayHaveArrived: boolean, cause: unknown): ThirdpartyError {
  const reason = systemCodeOf(cause);
  const because = reason === undefined ? '' : ` (${reason})`;
  const message = mayHaveArrived
    ? `the connection to the gateway broke${because}; whether the request was taken is not known`
    : `the gateway cannot be reached${because}`;
  return new ThirdpartyError(message, {
    code: 'gateway_unreachable',
    remedy: mayHaveArrived ? 'operator' : 'retry',
    cause,
  });
}

/** Another server than the gateway answered, such as a proxy; or the gateway itself, with a status alone. */
export function badStatus(status: number): ThirdpartyError {
  const remedy = status === 429 ? 'slow-down' : status < 500 ? 'operator' : 'retry';
  const message = `the gateway, or something before it, answered ${status}`;
  return new ThirdpartyError(message, { code: `http_${status}`, remedy });
}

/** `ECONNREFUSED` and the like; fetch wraps it. */
function systemCodeOf(error: unknown): string | undefined {
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    const { code } = one as { code?: unknown };
    if (typeof code === 'string') return code;
  }
  return undefined;
}
