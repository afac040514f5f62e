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

/** Permanent material (protocol §4.7). Articles have `news`, all other types have bytes. */
export interface Material {
  readonly type: string;
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Buffer;
  readonly about: { readonly title: string; readonly introduction: string } | null;
  news: WechatValue[] | null;
  updatedAt: number;
}

/** A message to many followers. */
export interface MassMessage {
  readonly id: bigint;
  readonly dataId: number;
  readonly sentAt: number;
  status: 'SENDING' | 'SEND_SUCCESS' | 'DELETE';
}

/** Permission to write `remaining` more messages to one user before `until`. */
interface ReplyWindow {
  until: number;
  remaining: number;
}

/** With which web pages or cards are signed. */
interface JsTicket {
  readonly value: string;
  readonly expiresAt: number;
}

/** An official account or a mini program, with its data at WeChat, which does not depend on a component. */
export interface Account {
  readonly appid: string;
  readonly kind: AccountKind;
  nickName: string;
  readonly userName: string;
  readonly followers: Followers;
  readonly remarks: Map<string, string>;
  readonly tags: Map<number, string>;
  readonly tagged: Map<string, Set<number>>;
  readonly media: Map<string, Media>;
  readonly options: Map<string, string>;
  readonly replyWindows: Map<string, ReplyWindow[]>;
  /** Messages that were sent with a client_msg_id: their msgid and when WeChat forgets the id. */
  readonly clientMessageIds: Map<string, { msgid: bigint; until: number }>;
  readonly jsTickets: Map<string, JsTicket[]>;
  menu: WechatValue[] | null;
  /** Menus for some followers only, by menuid. */
  readonly conditionalMenus: Map<string, { button: WechatValue[]; matchrule: WechatValue }>;
  readonly blacklist: Set<string>;
  readonly materials: Map<string, Material>;
  readonly templates: Map<string, string>;
  industry: { primary: string; secondary: string; month: string } | null;
  readonly massMessages: Map<string, MassMessage>;
  readonly massByClientId: Map<string, MassMessage>;
  massSpeed: number;
  /** Tickets of QR codes and their content. */
  readonly qrCodes: Map<string, { url: string; expiresAt: number }>;
  permanentQrCodes: number;
  readonly shortKeys: Map<string, { data: string; createdAt: number; expiresAt: number }>;
  /** The pages of a mini program's released version; null: every page exists. */
  pages: string[] | null;
  /** Codes of the APIs that may create only so many. */
  limitedCodes: number;
  /** Keywords of the subscription messages' templates that are known. */
  readonly subscriptionTemplates: Map<string, string[]>;
  /** How many messages of a template a user still accepts, by `OPENID TEMPLATE`. */
  readonly acceptedMessages: Map<string, number>;
  /** When each user last wrote, and until when "typing" is shown to the user. */
  readonly lastMessageAt: Map<string, number>;
  readonly typingUntil: Map<string, number>;
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
    conditionalMenus: new Map(),
    blacklist: new Set(),
    materials: new Map(),
    templates: new Map(),
    industry: null,
    massMessages: new Map(),
    massByClientId: new Map(),
    massSpeed: 3,
    qrCodes: new Map(),
    permanentQrCodes: 0,
    shortKeys: new Map(),
    pages: null,
    limitedCodes: 0,
    subscriptionTemplates: new Map(),
    acceptedMessages: new Map(),
    lastMessageAt: new Map(),
    typingUntil: new Map(),
  };
}

/** After an action of a user, the account may write to that user for some time (protocol §4.4). */
export function openReplyWindow(account: Account, openid: string, byMessage: boolean, clock: Clock): void {
  const windows = account.replyWindows.get(openid) ?? [];
  if (byMessage) account.lastMessageAt.set(openid, clock.now());
  const official = account.kind === 'official-account';
  const remaining = byMessage ? 5 : official ? 3 : 2;
  windows.push({ remaining, until: clock.now() + clock.lasting(byMessage ? 48 * 3600 : 60) });
  account.replyWindows.set(openid, windows);
}
