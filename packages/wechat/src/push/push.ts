import type { XmlNode } from '../envelope/read-xml.ts';

/** The URL of the component that received a push (protocol §1.1). */
export type PushUrl = 'events' | 'messages';

/** Why a push whose envelope is valid causes no action. */
export type UnreadableReason =
  /** It is not well-formed, too large, or contains what WeChat does not write. */
  | 'broken_xml'
  /** Its content belongs on the other URL, or `Event` is in a message that is not an event. */
  | 'wrong_url'
  /** A field that we use is repeated, or is not text. */
  | 'repeated_field'
  /** A field that we use is missing, or its value is invalid. */
  | 'bad_field';

/** A push as WeChat sent it: notices by `InfoType` (protocol §1.4), messages and events by `MsgType` (protocol §1.5). */
export type Push = ReadablePush | { readonly type: 'unreadable'; readonly reason: UnreadableReason };

type ReadablePush = {
  /** Unix seconds. */
  readonly createTime: number;
  /** All fields of the decrypted push. */
  readonly fields: XmlNode;
} & (
  | { readonly type: 'ticket'; readonly component: string; readonly ticket: string }
  | {
      readonly type: 'authorized' | 'updateauthorized';
      readonly component: string;
      readonly appid: string;
      readonly code: string;
      readonly codeExpiresAt: Date;
      /** The only correlation between a link and its result; missing if the consent was started elsewhere. */
      readonly preAuthCode: string | undefined;
    }
  | { readonly type: 'unauthorized'; readonly component: string; readonly appid: string }
  | {
      readonly type: 'fasteregister';
      readonly component: string;
      /** Missing when the registration failed. */
      readonly appid: string | undefined;
      /** 0 is success; see protocol §1.4 for the others. */
      readonly status: number;
      readonly code: string | undefined;
      readonly message: string;
    }
  | { readonly type: 'other'; readonly component: string; readonly infoType: string }
  | {
      readonly type: 'message';
      readonly toUserName: string;
      readonly fromUserName: string;
      readonly msgType: string;
      readonly event: string | undefined;
      readonly eventKey: string | undefined;
      /** 64 bits: text, never a number. */
      readonly msgId: string | undefined;
    }
);
