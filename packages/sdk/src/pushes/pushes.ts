import type { RawBody } from '../webhook/raw-body.ts';
import type { RequestHeaders } from '../webhook/request-headers.ts';
import { type HmacKey, keysOf, type Secrets } from '../webhook/secrets.ts';
import { type Answer, answerOf, answerOfError } from './answer.ts';
import { handleFetch } from './fetch-handler.ts';
import { Handlers, type PushHandler } from './handlers.ts';
import { handleNode, type NodeRequest, type NodeResponse } from './node-handler.ts';
import type { DeliveredPush, PushOf, PushPattern } from './push.ts';
import { readPush } from './read-push.ts';

export interface PushesOptions {
  /** The secret of the subscription; while it is rotated, the new one and the former one. */
  readonly secret: Secrets;
  /** 4 MB by default; deliveries are smaller. */
  readonly maxBodyBytes?: number | undefined;
  /**
   * Reports what was answered with an error: a WebhookError of a refused request, or what a handler threw while it handled
   * the push. By default it goes to `console.error`.
   */
  readonly onError?: ((error: unknown, push: DeliveredPush | undefined) => void) | undefined;
}

const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Receives the deliveries of a subscription of the format `json`. */
export class Pushes {
  readonly #keys: readonly HmacKey[];
  readonly #maxBodyBytes: number;
  readonly #onError: (error: unknown, push: DeliveredPush | undefined) => void;
  readonly #handlers = new Handlers();
  #otherwise: PushHandler | undefined;

  constructor({ secret, maxBodyBytes = MAX_BODY_BYTES, onError }: PushesOptions) {
    this.#keys = keysOf(secret);
    this.#maxBodyBytes = maxBodyBytes;
    this.#onError = onError ?? ((error) => console.error(error));
  }

  /**
   * Handles the pushes of a type, like `message.text`, or of all types that begin so, like `message.*`. One handler runs for
   * each push: that of the exact type, otherwise that of the longest beginning. What it returns is the reply to the user.
   */
  on<const Pattern extends PushPattern>(pattern: Pattern, handler: PushHandler<PushOf<Pattern>>): this {
    this.#handlers.add(pattern, handler);
    return this;
  }

  /** Handles every push that no other handler takes; without it they are answered 204. */
  otherwise(handler: PushHandler): this {
    this.#otherwise = handler;
    return this;
  }

  /** Handles a request of node:http, Express or Connect. No body parser may run before it. */
  readonly node = (request: NodeRequest, response: NodeResponse): Promise<void> =>
    handleNode(request, response, this.#maxBodyBytes, (readBody) => this.#answer(request.headers, readBody));

  /** Handles a request of a server with the interface of `fetch`. */
  readonly fetch = (request: Request): Promise<Response> =>
    handleFetch(request, this.#maxBodyBytes, (readBody) => this.#answer(request.headers, readBody));

  /** The push of a request, without handling it. Throws WebhookError with a `code` if it is not a genuine delivery. */
  read(headers: RequestHeaders, rawBody: RawBody): Promise<DeliveredPush> {
    return readPush(this.#keys, headers, rawBody);
  }

  async #answer(headers: RequestHeaders, readBody: () => Promise<Uint8Array>): Promise<Answer> {
    let push: DeliveredPush | undefined;
    try {
      push = await readPush(this.#keys, headers, await readBody());
      const handler = this.#handlers.find(push.type) ?? this.#otherwise;
      return answerOf(await handler?.(push as never));
    } catch (error) {
      this.#onError(error, push);
      return answerOfError(error);
    }
  }
}

/** Receives the deliveries of a subscription of the format `json`: `pushes({ secret }).on('message.text', …)`. */
export function pushes(options: PushesOptions): Pushes {
  return new Pushes(options);
}
