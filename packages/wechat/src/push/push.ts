import type { XmlNode } from '../envelope/read-xml.ts';

/** What WeChat tells us: component notices by `InfoType` (dossier §1.4), messages and events by `MsgType` (§1.5). */
export type Push =
  | {
      readonly type: 'ticket';
      readonly component: string;
      /** Unix seconds, as everywhere below. */
      readonly createTime: number;
      readonly ticket: string;
    }
  | {
      readonly type: 'authorized' | 'updateauthorized';
      readonly component: string;
      readonly createTime: number;
      readonly appid: string;
      readonly code: string;
      readonly codeExpiresAt: Date;
      /** The only correlation handle between a link and its result; missing when consent began elsewhere. */
      readonly preAuthCode: string | undefined;
    }
  | { readonly type: 'unauthorized'; readonly component: string; readonly createTime: number; readonly appid: string }
  | {
      readonly type: 'fasteregister';
      readonly component: string;
      readonly createTime: number;
      /** Missing when the registration failed. */
      readonly appid: string | undefined;
      /** 0 is success; see dossier §1.4 for the others. */
      readonly status: number;
      readonly code: string | undefined;
      readonly message: string;
    }
  | {
      readonly type: 'other';
      readonly component: string;
      readonly createTime: number;
      readonly infoType: string;
      readonly fields: XmlNode;
    }
  | {
      readonly type: 'message';
      readonly toUserName: string;
      readonly fromUserName: string;
      readonly createTime: number;
      readonly msgType: string;
      readonly event: string | undefined;
      readonly eventKey: string | undefined;
      /** 64 bits: text, never a number. */
      readonly msgId: string | undefined;
      readonly fields: XmlNode;
    };
