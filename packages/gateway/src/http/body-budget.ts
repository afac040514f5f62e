import { Failure } from '@wxthirdparty/wechat';

const MAX_BYTES = 128 * 1024 * 1024;
const MAX_STRANGERS_BYTES = 32 * 1024 * 1024;

/** Who sends a body: a program whose key has been checked, or anyone (WeChat's pushes are verified only once they are read). */
export type BodySender = 'key-holder' | 'stranger';

/**
 * Bounds the bytes of all bodies that are being received or parsed at the same time. Strangers have a share of their own, so that they
 * cannot use up what programs need, and programs that upload cannot keep WeChat's pushes out.
 */
export class BodyBudget {
  readonly #free: Record<BodySender, number>;

  constructor(maxBytes: number, maxStrangersBytes: number) {
    this.#free = { 'key-holder': maxBytes - maxStrangersBytes, stranger: maxStrangersBytes };
  }

  /** False: there is no room, and nothing was taken. */
  take(sender: BodySender, bytes: number): boolean {
    if (bytes > this.#free[sender]) return false;
    this.#free[sender] -= bytes;
    return true;
  }

  giveBack(sender: BodySender, bytes: number): void {
    this.#free[sender] += bytes;
  }

  /** Holds so many bytes until the work has ended. Throws Failure `overloaded`. */
  async during<T>(sender: BodySender, bytes: number, work: () => Promise<T>): Promise<T> {
    if (!this.take(sender, bytes)) throw overloaded();
    try {
      return await work();
    } finally {
      this.giveBack(sender, bytes);
    }
  }
}

export function overloaded(): Failure {
  const message = 'This process reads too many large bodies at the same time; repeat the request.';
  return new Failure('overloaded', 'slow-down', message, { retryAfterMs: 1_000 });
}

/** One for the whole process, as its memory is. */
export const bodyBudget = new BodyBudget(MAX_BYTES, MAX_STRANGERS_BYTES);
