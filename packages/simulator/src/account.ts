import type { Clock } from './clock.ts';
import { Followers } from './followers.ts';
import type { WechatValue } from './wechat-json.ts';

export type AccountKind = 'official-account' | 'mini-program';

export interface AccountSettings {
  appid: string;
  kind: AccountKind;
  nickName: string;
  userName?: string;
  followers?: number;
}

export interface Media {
  readonly type: string;
  readonly contentType: string;
  readonly fileName: string;
  readonly bytes: Buffer;
  readonly expiresAt: number;
}

/** Allowance to write to one user: `left` more messages before `until`. */
interface ReplyWindow {
  until: number;
  left: number;
}

/** An official account or a mini program, with everything it keeps at WeChat whichever component acts for it. */
export interface Account {
  readonly appid: string;
  readonly kind: AccountKind;
  readonly nickName: string;
  readonly userName: string;
  readonly followers: Followers;
  readonly remarks: Map<string, string>;
  readonly tags: Map<number, string>;
  readonly tagged: Map<string, Set<number>>;
  readonly media: Map<string, Media>;
  readonly options: Map<string, string>;
  readonly replyWindows: Map<string, ReplyWindow[]>;
  /** Messages already sent under a client_msg_id: their msgid and until when the id is remembered. */
  readonly clientMessageIds: Map<string, { msgid: bigint; until: number }>;
  readonly jsTickets: Map<string, { value: string; expiresAt: number }>;
  menu: WechatValue | null;
}

export function openAccount(settings: AccountSettings, seed: number): Account {
  return {
    appid: settings.appid,
    kind: settings.kind,
    nickName: settings.nickName,
    userName: settings.userName ?? `gh_${settings.appid.replace(/^wx/, '').slice(-12).padStart(12, '0')}`,
    followers: new Followers(settings.appid, seed, settings.followers ?? 0),
    remarks: new Map(),
    tags: new Map([[2, '星标组']]),
    tagged: new Map(),
    media: new Map(),
    options: new Map([
      ['location_report', '0'],
      ['voice_recognize', '0'],
      ['customer_service', '0'],
    ]),
    replyWindows: new Map(),
    clientMessageIds: new Map(),
    jsTickets: new Map(),
    menu: null,
  };
}

/** A user did something that lets the account write to them for a while (dossier §4.4). */
export function openReplyWindow(account: Account, openid: string, byMessage: boolean, clock: Clock): void {
  const windows = account.replyWindows.get(openid) ?? [];
  const official = account.kind === 'official-account';
  const left = byMessage ? 5 : official ? 3 : 2;
  windows.push({ left, until: clock.now() + clock.lasting(byMessage ? 48 * 3600 : 60) });
  account.replyWindows.set(openid, windows);
}
