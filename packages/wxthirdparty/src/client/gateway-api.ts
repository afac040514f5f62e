import urllib from 'urllib';
import WechatApi from 'wechat-api';
import { badStatus, remedyOf, unreachable } from '../gateway-failure.ts';
import { ThirdpartyError } from '../thirdparty-error.ts';
import type { VirtualToken } from '../virtual-wechat.ts';
import { gatewayUrlOf } from './gateway-url.ts';

/** Where an account's tokens come from. */
export interface TokenSource {
  token(appid: string): Promise<VirtualToken>;
  forget(appid: string, value: string): void;
}

type Method = (...args: unknown[]) => void;
type Answered = WechatApi.Answered;
type RequestOptions = WechatApi.RequestOptions;

/** The gateway answers within 30 seconds, and a caller that hangs up earlier does not know whether a message was sent. */
const ANSWER_TIMEOUT_MS = 40_000;
/** The token is wrong or has expired; the request was not carried out. */
const TOKEN_ERRCODES: readonly unknown[] = [40001, 40014, 42001];
/** Of a file to upload. */
const FILE_ERRORS = ['ENOENT', 'EACCES', 'EISDIR', 'EPERM'];
/** Nothing was sent. */
const UNSENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];

/** npm `wechat-api` for one account, with the gateway in the place of WeChat. */
export class GatewayApi extends WechatApi {
  readonly #gateway: string;
  readonly #tokens: TokenSource;

  constructor(gateway: string, appid: string, tokens: TokenSource) {
    super(appid, '');
    this.#gateway = gateway;
    this.#tokens = tokens;
    this.endpoint = gateway;
    this.fileServerPrefix = `${gateway}/cgi-bin/`;
    this.defaults = { timeout: ANSWER_TIMEOUT_MS };
    // The gateway keeps tickets, for all processes.
    const none = (_type: string, callback: Answered) => callback(null);
    const keepNone = (_type: string, _ticket: unknown, callback: Answered) => callback(null);
    this.registerTicketHandle(none, keepNone);
  }

  /** Nothing to choose: the gateway knows WeChat's addresses. */
  override setEndpoint(): void {}

  override setOpts(options: RequestOptions): void {
    super.setOpts({ timeout: ANSWER_TIMEOUT_MS, ...options });
  }

  /** Every method of the library sends by this one. Its own uses `util._extend`, of which Node 22 warns. */
  override request(url: string, options: RequestOptions | Answered, callback?: Answered): void {
    const [given, answered] = typeof options === 'function' ? [{}, options] : [options, callback];
    let target: string;
    try {
      target = gatewayUrlOf(this.#gateway, url);
    } catch (error) {
      answered?.(error as Error);
      return;
    }
    const headers = { ...this.defaults.headers, ...given.headers };
    urllib.request(target, { ...this.defaults, ...given, headers }, (error, data, response) => {
      if (error) answered?.(transportFailure(error, response?.status));
      else answered?.(null, data, response);
    });
  }

  override getLatestToken(callback: Answered): void {
    this.#withToken((token) => callback(null, token), callback);
  }

  override getAccessToken(callback: Answered): void {
    this.getLatestToken(callback);
  }

  override preRequest(method: Method, args: ArrayLike<unknown>, retried = false): void {
    const given = Array.from(args);
    const callback = given.pop() as Answered;
    this.#withToken((token) => {
      this.token = token;
      let hasAnswered = false;
      const answered: Answered = (error, data, response) => {
        hasAnswered = true;
        if (!retried && isTokenRefused(error, data)) {
          this.#tokens.forget(this.appid, token.accessToken);
          if (!given.some(isStream)) return this.preRequest(method, args, true);
        }
        callback(error ? explained(error, data) : error, data, response);
      };
      try {
        method.apply(this, [...given, answered]);
      } catch (error) {
        // What the caller's callback throws is not ours.
        if (hasAnswered) throw error;
        callback(explained(error as Error, undefined));
      }
    }, callback);
  }

  /** The library's own throws where no caller can catch it: it reads `this` in a callback. The form is that of an image. */
  _uploadPageIcon(filepath: string, callback: Answered): void {
    const request = (url: string, options: RequestOptions, answered: Answered) =>
      this.request(url.replace('/cgi-bin/media/uploadimg', '/shakearound/material/add'), options, answered);
    this._uploadImage.call(Object.create(this, { request: { value: request } }), filepath, callback);
  }

  /** Calls back outside of the promise: what a callback throws is an uncaught exception, not a rejection. */
  #withToken(use: (token: WechatApi.AccessToken) => void, fail: (error: Error) => void): void {
    this.#tokens.token(this.appid).then(
      ({ value, expiresAt }) => process.nextTick(use, new WechatApi.AccessToken(value, expiresAt.getTime())),
      (error: Error) => process.nextTick(fail, error),
    );
  }
}

function isTokenRefused(error: Error | null, data: unknown): boolean {
  return TOKEN_ERRCODES.includes(errcodeOf(error, data));
}

/** A stream cannot be sent a second time. */
function isStream(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'pipe' in value;
}

function errcodeOf(error: Error | null, data: unknown): number | undefined {
  const { errcode } = (typeof data === 'object' && data !== null ? data : {}) as { errcode?: unknown };
  if (typeof errcode === 'number' && errcode !== 0) return errcode;
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'number' ? code : undefined;
}

/** The library's own error, with what to do; its `code` stays WeChat's number, as in 2015. */
function explained(error: Error, data: unknown): Error {
  if (error instanceof ThirdpartyError) return error;
  const errcode = errcodeOf(error, data);
  if (errcode === undefined) return Object.assign(error, { remedy: 'fix-request' });
  return Object.assign(error, { code: errcode, errcode, errmsg: error.message, remedy: remedyOf(errcode) });
}

/** The library's message would contain the URL with its token, and WeChat's answer. */
function transportFailure(error: Error, status: number | undefined): ThirdpartyError {
  if (status !== undefined && status >= 300) return badStatus(status);
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && FILE_ERRORS.includes(code)) {
    return new ThirdpartyError(`the file cannot be read (${code})`, { code: 'file_unreadable', remedy: 'fix-request' });
  }
  const unsent = (typeof code === 'string' && UNSENT.includes(code)) || error.name === 'ConnectionTimeoutError';
  const cause = typeof code === 'string' ? Object.assign(new Error(error.name), { code }) : new Error(error.name);
  return unreachable(!unsent, cause);
}
