import type { FieldValue } from '../field-value.ts';
import type { ReleaseCheck } from '../generated/api.ts';
import type { NoticeType, PushFields } from '../generated/push-fields.ts';

/** All tags of a push, as WeChat names them. */
export interface Fields {
  readonly [tag: string]: FieldValue | undefined;
}

/** The tags that every message and event has. */
interface CommonFields {
  readonly ToUserName: string;
  readonly FromUserName: string;
  readonly CreateTime: string;
  readonly MsgType: string;
}

/** How a push was delivered. */
export interface DeliveryContext {
  /** `webhook-id`: the same in all attempts and replays, so a program that must act only once remembers it. */
  readonly id: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** A reply that is returned in this time reaches the user at once, a later one as a message. Undefined: none is read. */
  readonly replyWithinMs: number | undefined;
  /** The same limit by the gateway's clock. */
  readonly replyBefore: Date | undefined;
  /** The id of the replay that delivers it again; a reply is not sent to the user. */
  readonly replay: string | undefined;
  /** Sent by `POST /v1/subscriptions/:id/test`: the push may be invented, and a reply is only shown. */
  readonly test: boolean;
}

interface Delivered<Type extends string, Data> {
  readonly type: Type;
  /** When the gateway received it, ISO 8601. */
  readonly timestamp: string;
  readonly data: Data;
  readonly delivery: DeliveryContext;
}

interface Identity {
  readonly id: string;
  /** The order in which pushes were accepted; `Number(seq)` is exact. */
  readonly seq: string;
  readonly component: string;
  readonly appid: string | null;
  readonly handle: string | null;
}

interface AccountData<Tags> extends Identity {
  readonly appid: string;
  /** The account's original id, `gh_…`. */
  readonly userName: string;
  /** The user; for system events an id of WeChat's. */
  readonly openid: string;
  readonly msgType: string;
  readonly event: string | null;
  readonly eventKey: string | null;
  readonly msgId: string | null;
  /** ISO 8601. */
  readonly createTime: string;
  readonly fields: Tags;
}

type AccountPush<Type extends string, Tags> = Delivered<Type, AccountData<Tags>>;

type FieldsOf<Type extends keyof PushFields> = PushFields[Type] &
  CommonFields &
  (Type extends `event.${string}` ? { readonly Event: string } : unknown) &
  Fields;

type DocumentedPush = {
  readonly [Type in keyof PushFields]: AccountPush<Type, FieldsOf<Type>>;
}[keyof PushFields];

interface AuthorizerData extends Identity {
  readonly appid: string;
  readonly state: 'active' | 'needs-reauthorization' | 'revoked';
  /** The granted permission sets. */
  readonly scopes: readonly number[];
  /** The authorization link that the merchant used. */
  readonly linkId: string | null;
}

type AuthorizerNotice = {
  readonly [Type in 'authorizer.authorized' | 'authorizer.updated' | 'authorizer.unauthorized']: Delivered<
    Type,
    AuthorizerData
  >;
}['authorizer.authorized' | 'authorizer.updated' | 'authorizer.unauthorized'];

type ComponentNotice = Delivered<`component.${string}`, Identity & { readonly fields: Fields }>;

interface PausedData extends Identity {
  readonly subscription: string;
  readonly reason: 'gone' | 'failing_too_long';
  readonly failingSince: string | null;
}

interface ReleaseCheckData
  extends Identity,
    Pick<ReleaseCheck, 'kind' | 'state' | 'startedAt' | 'finishedAt' | 'steps'> {
  /** Its id. */
  readonly releaseCheck: string;
}

interface UnreadableData extends Identity {
  readonly fields: null;
  /** The decrypted text. */
  readonly xml: string;
}

/** A type that this version of the package does not know; a text like all others. */
export declare enum OtherType {
  name = 'another type',
}

interface OtherData extends Identity, Partial<Omit<AccountData<Fields>, keyof Identity>> {
  readonly [name: string]: unknown;
}

/** A push or notice. Its `type` determines the type of its `data`. */
export type DeliveredPush =
  | DocumentedPush
  | AuthorizerNotice
  | ComponentNotice
  | Delivered<'subscription.paused', PausedData>
  | Delivered<'release_check.finished', ReleaseCheckData>
  | Delivered<'unreadable', UnreadableData>
  | Delivered<OtherType, OtherData>;

/** An exact type, or the beginning of types with `*` at its end, like `message.*`. */
export type PushPattern = keyof PushFields | NoticeType | 'message.*' | 'event.*' | (string & {});

/** The pushes that match a pattern. */
export type PushOf<Pattern extends string> = Pattern extends `${infer Beginning}*`
  ? Extract<DeliveredPush, { readonly type: `${Beginning}${string}` }> | OtherPushOf<Beginning>
  : Pattern extends ComponentNotice['type']
    ? ComponentNotice
    : Pattern extends Exclude<DeliveredPush['type'], OtherType>
      ? Extract<DeliveredPush, { readonly type: Pattern }>
      : OtherPushOf<Pattern>;

type OtherPushOf<Beginning extends string> = Beginning extends `${'message' | 'event'}.${string}`
  ? AccountPush<OtherType, Fields>
  : Delivered<OtherType, OtherData>;
