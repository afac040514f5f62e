import { Failure } from '@wxthirdparty/wechat';
import type { OutboundFailureCode } from '../webhook/outbound-request.ts';
import type { OutboundSender } from '../webhook/outbound-sender.ts';
import { ReceiverSlots } from '../webhook/receiver-slots.ts';

const ANSWER_TIMEOUT_MS = 15_000;

export interface CallbackMessage {
  readonly url: string;
  /** A bound of what the body needs, known before it is made. */
  readonly bytes: number;
  /** Made once there is a slot for it. */
  readonly make: () => Promise<
    { readonly body: string; readonly headers: Readonly<Record<string, string>> } | undefined
  >;
}

/** `postponed`: nothing was sent; another callback comes first. `withdrawn`: there is nothing to send any more. */
export type SentCallback =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'postponed'; readonly afterMs: number }
  | { readonly kind: 'withdrawn' }
  | { readonly kind: 'aborted' };

/** Sends callbacks, so that a receiver that does not answer delays only its own. */
export class CallbackSender {
  readonly #outbound: Pick<OutboundSender, 'send'>;
  readonly #slots = new ReceiverSlots();

  constructor(outbound: Pick<OutboundSender, 'send'>) {
    this.#outbound = outbound;
  }

  /**
   * `slots`: messages that this process can send at the same time. Throws Failure `webhook_unanswered`; its message never
   * names the address.
   */
  async send({ url, bytes, make }: CallbackMessage, slots: number, signal: AbortSignal): Promise<SentCallback> {
    const slot = this.#slots.enter(receiverOf(url), bytes, slots);
    if ('afterMs' in slot) return { kind: 'postponed', afterMs: slot.afterMs };
    try {
      const message = await make();
      if (!message) return { kind: 'withdrawn' };
      const result = await this.#outbound.send({
        url,
        headers: { 'content-type': 'application/json', ...message.headers },
        body: message.body,
        timeoutMs: ANSWER_TIMEOUT_MS,
        // Only the status counts.
        maxAnswerBytes: 0,
        signal,
      });
      switch (result.kind) {
        case 'answered':
          slot.end('answered');
          return { kind: 'answered', status: result.status };
        case 'failed':
          slot.end('silent');
          throw new Failure('webhook_unanswered', 'retry', `The receiver could not be reached: ${WHY[result.code]}.`);
        case 'aborted':
          return { kind: 'aborted' };
        default:
          return result satisfies never;
      }
    } finally {
      slot.end('aborted');
    }
  }
}

const WHY: Readonly<Record<OutboundFailureCode, string>> = {
  no_connection: 'no connection',
  bad_certificate: 'its certificate is not valid',
  timeout: 'no answer in time',
  address_not_allowed: 'its address is not allowed (DELIVERY_NETS)',
  address_unresolved: 'its name has no address',
};

/** Host and port: what fails or answers as one. */
function receiverOf(url: string): string {
  const { protocol, hostname, port } = new URL(url);
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
}
