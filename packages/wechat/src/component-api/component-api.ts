import type { Answer } from '../http/answer.ts';
import type { Transport, WeChatResponse } from '../http/transport.ts';

export interface ComponentApiOptions {
  readonly transport: Transport;
  /** `https://api.weixin.qq.com`, without a path. */
  readonly apiBase: string;
  readonly timeoutMs?: number;
  readonly carrier: Carrier;
}

/** One request to the component API, before it has a token. */
export interface ComponentQuestion {
  readonly component: string;
  readonly path: string;
  /** It carries the component's secret, and no token. */
  readonly bySecret: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Gets each question its token and decides whether it may depart. */
export interface Carrier {
  /** Calls `send` with the component's token, or without one for a question with the secret. Throws a Failure if it may not depart. */
  carry(
    question: ComponentQuestion,
    send: (componentToken: string | undefined) => Promise<WeChatResponse>,
  ): Promise<Answer>;
}

export interface SendOptions {
  readonly signal?: AbortSignal;
  /** Called once right before the first byte is sent; if it throws, nothing is sent. */
  readonly beforeSend?: () => void;
}

export interface ExchangedCode {
  readonly appid: string;
  /** Missing if the account granted no API permission (protocol §3.5). */
  readonly accessToken: string | undefined;
  readonly expiresInMs: number;
  readonly refreshToken: string | undefined;
  /** Permission-set ids; undefined if the answer does not contain them. */
  readonly scopes: number[] | undefined;
}

/** A member is undefined if it is missing in WeChat's answer, and empty if the account does not have it. */
export interface AuthorizerInfo {
  readonly appid: string;
  readonly nickName: string | undefined;
  /** The original id, `gh_…`. */
  readonly userName: string | undefined;
  readonly headImg: string | undefined;
  readonly alias: string | undefined;
  readonly principalName: string | undefined;
  /** `official-account` is only the absence of what marks a mini program. */
  readonly kind: 'official-account' | 'mini-program';
  readonly serviceType: number | undefined;
  readonly verifyType: number | undefined;
  readonly accountStatus: number | undefined;
  readonly refreshToken: string | undefined;
  readonly scopes: number[] | undefined;
  /** WeChat's whole answer with every refresh token masked. */
  readonly raw: unknown;
}

export interface AuthorizerListPage {
  /** Undefined if it is missing: then an empty page is the last one. */
  readonly total: number | undefined;
  /** All entries of the page, also those without an appid; the next page starts after them. */
  readonly length: number;
  readonly items: {
    readonly appid: string;
    /** Missing for accounts whose code was never exchanged (protocol §3.8). */
    readonly refreshToken: string | undefined;
    readonly authorizedAt: Date | undefined;
  }[];
}

/** The component's own API (protocol §3). Every method throws a Failure: a refusal, a TransportFailure, or
 * `wechat_broken_answer`. */
export interface ComponentApi {
  startPushTicket(c: { appid: string; appsecret: string }, options?: SendOptions): Promise<'started' | 'was_running'>;
  fetchComponentToken(
    c: { appid: string; appsecret: string; ticket: string },
    options?: SendOptions,
  ): Promise<{ token: string; expiresInMs: number }>;
  createPreAuthCode(c: { appid: string }, options?: SendOptions): Promise<{ preAuthCode: string; expiresInMs: number }>;
  queryAuth(c: { appid: string; code: string }, options?: SendOptions): Promise<ExchangedCode>;
  fetchAuthorizerToken(
    c: { appid: string; authorizer: string; refreshToken: string },
    options?: SendOptions,
  ): Promise<{ token: string; expiresInMs: number; refreshToken: string | undefined }>;
  getAuthorizerInfo(c: { appid: string; authorizer: string }, options?: SendOptions): Promise<AuthorizerInfo>;
  getAuthorizerList(
    c: { appid: string; offset: number; count: number },
    options?: SendOptions,
  ): Promise<AuthorizerListPage>;
  getAuthorizerOption(c: { appid: string; authorizer: string; name: string }, options?: SendOptions): Promise<string>;
  /** Clears the component's own quotas. Uses one of ten clears a month (protocol §3.10), and is never repeated. */
  clearQuotas(c: { appid: string; appsecret: string }, options?: SendOptions): Promise<void>;
  setAuthorizerOption(
    c: { appid: string; authorizer: string; name: string; value: string },
    options?: SendOptions,
  ): Promise<void>;
}
