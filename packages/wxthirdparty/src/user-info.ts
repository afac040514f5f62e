import type { VirtualToken } from './virtual-wechat.ts';

/** One row of the table `wx_users_info` of 2015: an account that authorized the platform. */
export interface UserInfo {
  readonly appid: string;
  /** A token of the gateway, good for calls through it. `createClient` needs none. */
  readonly access_token: string;
  readonly access_token_updated_at: Date;
  readonly access_token_expires_in: Date;
  /** A name, not a credential: the gateway keeps WeChat's. */
  readonly refresh_token: string;
  readonly nick_name: string | null;
  readonly head_img: string | null;
  /** WeChat's number: 0 and 1 are subscription accounts, 2 is a service account; null until WeChat has reported it. */
  readonly service_type_id: number | null;
  /** WeChat's number as text, `-1` for accounts that are not verified. */
  readonly verify_type_info: string | null;
  readonly user_name: string | null;
  readonly alias: string | null;
  /** For the cookie of the merchant's pages; the gateway calls it `cookieValue`. */
  readonly wx_token: string;
}

/** What the gateway says of an account. */
export interface Account {
  readonly appid: string;
  readonly component: string;
  readonly nickName: string | null;
  readonly headImg: string | null;
  readonly serviceType: number | null;
  readonly verifyType: number | null;
  readonly userName: string | null;
  readonly alias: string | null;
  readonly handle: string;
  /** Null for a session of the console; absent: the gateway is older, and its handles are random. */
  readonly cookieValue?: string | null | undefined;
}

/** Nothing that a business can choose, since it could be guessed. */
export function cookieValueOf({ cookieValue, handle }: Account): string {
  return cookieValue ?? handle;
}

export function userInfoOf(account: Account, token: VirtualToken): UserInfo {
  return {
    appid: account.appid,
    access_token: token.value,
    access_token_updated_at: token.issuedAt,
    access_token_expires_in: token.expiresAt,
    refresh_token: `wxr_${account.component}_${account.appid}`,
    nick_name: account.nickName,
    head_img: account.headImg,
    service_type_id: account.serviceType,
    verify_type_info: account.verifyType === null ? null : String(account.verifyType),
    user_name: account.userName,
    alias: account.alias,
    wx_token: cookieValueOf(account),
  };
}
