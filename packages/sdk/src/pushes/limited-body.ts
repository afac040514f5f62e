import { WebhookError } from '../webhook/webhook-error.ts';

/** The parts of a body as they arrive. Throws WebhookError `body_too_large` once they are more than the limit. */
export class LimitedBody {
  readonly #maxBytes: number;
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(part: Uint8Array): void {
    this.assertFits(this.#length + part.length);
    this.#parts.push(part);
    this.#length += part.length;
  }

  assertFits(bytes: number): void {
    if (bytes <= this.#maxBytes) return;
    throw new WebhookError('body_too_large', `the body has more than ${this.#maxBytes} bytes, the limit maxBodyBytes`);
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}
