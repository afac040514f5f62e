import { Failure } from '@wxthirdparty/wechat';
import { ReceiverSlots } from './receiver-slots.ts';

const ANSWER_TIMEOUT_MS = 15_000;

export interface WebhookMessage {
  readonly url: string;
  /** A bound of what the body needs, known before it is made. */
  readonly bytes: number;
  /** Made once there is a slot for it. */
  readonly make: () => Promise<
    { readonly body: string; readonly headers: Readonly<Record<string, string>> } | undefined
  >;
}

/** `postponed`: nothing was sent; another delivery comes first. `withdrawn`: there is nothing to send any more. */
export type WebhookResult =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'postponed'; readonly afterMs: number }
  | { readonly kind: 'withdrawn' }
  | { readonly kind: 'aborted' };

/** The only place that sends requests to endpoints of the business. */
export class WebhookSender {
  readonly #slots = new ReceiverSlots();

  /**
   * `slots`: messages that this process can send at the same time. Throws Failure `webhook_unanswered`; its message never
   * names the address.
   */
  async send({ url, bytes, make }: WebhookMessage, slots: number, signal: AbortSignal): Promise<WebhookResult> {
    const slot = this.#slots.enter(receiverOf(url), bytes, slots);
    if ('afterMs' in slot) return { kind: 'postponed', afterMs: slot.afterMs };
    try {
      const message = await make();
      if (!message) return { kind: 'withdrawn' };
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'wxthirdparty', ...message.headers },
        body: message.body,
        // A signed message is for the endpoint that it was addressed to.
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
      }).catch((error: unknown) => {
        if (signal.aborted) return undefined;
        slot.end('silent');
        throw unanswered(
          error instanceof Error && error.name === 'TimeoutError' ? 'no answer in time' : 'no connection',
        );
      });
      if (!response) return { kind: 'aborted' };
      slot.end('answered');
      // Only the status counts; the rest of the answer is not waited for.
      await response.body?.cancel().catch(() => {});
      return { kind: 'answered', status: response.status };
    } finally {
      slot.end('aborted');
    }
  }
}

/** Host and port: what fails or answers as one. */
function receiverOf(url: string): string {
  const { protocol, hostname, port } = new URL(url);
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
}

function unanswered(why: string): Failure {
  return new Failure('webhook_unanswered', 'retry', `The receiver could not be reached: ${why}.`);
}
