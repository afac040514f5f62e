import type { Explanation } from '@wxthirdparty/wechat';
import type { AlarmNotice } from './alarm.ts';
import type { AlarmChannel } from './channel.ts';

/** One request of a channel. */
export interface ChannelMessage {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
  /** How many of the notices, from the first, it has. */
  readonly taken: number;
}

/** Makes the next message of a channel. `name`: of the deployment. At least one notice. */
export type PackMessage = (
  channel: AlarmChannel,
  notices: readonly AlarmNotice[],
  name: string,
  now: Date,
) => ChannelMessage;

/** Undefined: it accepted the message. */
export type ReadAnswer = (answer: Answer) => Refusal | undefined;

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The text as JSON; undefined: it is none. */
  readonly json: unknown;
}

export interface Refusal {
  readonly remedy: Explanation;
  /** It refuses every message until then. */
  readonly retryAfterMs?: number;
}
