import type { Subscription } from '../../subscription/subscription.ts';

/** What composing a request needs of a subscription. */
export type Addressee = Pick<Subscription, 'id' | 'format' | 'url' | 'messageUrl' | 'mode' | 'component' | 'secrets'>;

/** What differs between the attempts of one delivery. */
export interface AttemptTerms {
  /** From 1. */
  readonly number: number;
  readonly at: Date;
  /** Until when the answer can be a passive reply; undefined: WeChat does not wait. */
  readonly replyBefore?: Date | undefined;
  readonly replay?: string | undefined;
  readonly isTest?: boolean | undefined;
}

export interface ComposedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** The part of a request that depends on the format. */
export interface FormattedPush {
  readonly url: string;
  readonly contentType: 'application/json' | 'text/xml';
  /** The bytes that are sent and signed. */
  readonly body: string | Buffer;
}
