import { Failure } from '@wxthirdparty/wechat';

const MAX_BYTES = 128 * 1024 * 1024;
const MAX_UNAUTHENTICATED_BYTES = 32 * 1024 * 1024;

/** The sender of a body: a program whose key has been checked, or anyone (WeChat's pushes are verified after they are read). */
export type BodySender = 'key-holder' | 'stranger';

/** A stranger's body of which a part has arrived. */
export interface UnfinishedBody {
  readonly held: number;
  /** Stops reading it, and returns its bytes to the budget at once. */
  giveUp(): void;
}

/**
 * Bounds the bytes of all bodies that are being received or parsed at the same time. Strangers have a share of their own: they
 * cannot use up what programs need, and programs that upload cannot exclude WeChat's pushes. If the strangers' share is used up,
 * the largest unfinished body is given up for a smaller one: a push is small and arrives at once, so slow large bodies exclude none.
 */
export class BodyBudget {
  readonly #free: Record<BodySender, number>;
  readonly #unfinished = new Set<UnfinishedBody>();

  constructor(maxBytes: number, maxStrangersBytes: number) {
    this.#free = { 'key-holder': maxBytes - maxStrangersBytes, stranger: maxStrangersBytes };
  }

  /** False: the budget does not suffice, and nothing was taken. */
  take(sender: BodySender, bytes: number): boolean {
    if (bytes > this.#free[sender]) return false;
    this.#free[sender] -= bytes;
    return true;
  }

  /** Takes bytes for the next piece of a stranger's body; larger bodies may be given up for it. */
  takeForStranger(body: UnfinishedBody, bytes: number): boolean {
    while (!this.take('stranger', bytes)) {
      const largest = this.#largest();
      if (largest === undefined || largest.held <= body.held + bytes) return false;
      this.#unfinished.delete(largest);
      largest.giveUp();
    }
    this.#unfinished.add(body);
    return true;
  }

  /** The body has ended in some way; its bytes are returned separately. */
  forget(body: UnfinishedBody): void {
    this.#unfinished.delete(body);
  }

  #largest(): UnfinishedBody | undefined {
    let largest: UnfinishedBody | undefined;
    for (const body of this.#unfinished) {
      if (largest === undefined || body.held > largest.held) largest = body;
    }
    return largest;
  }

  release(sender: BodySender, bytes: number): void {
    this.#free[sender] += bytes;
  }

  /** Takes the bytes until the work has ended. Throws Failure `overloaded`. */
  async during<T>(sender: BodySender, bytes: number, work: () => Promise<T>): Promise<T> {
    if (!this.take(sender, bytes)) throw overloaded();
    try {
      return await work();
    } finally {
      this.release(sender, bytes);
    }
  }
}

export function overloaded(): Failure {
  const message = 'This process is reading too many large bodies at the same time. Repeat the request.';
  return new Failure('overloaded', 'slow-down', message, { retryAfterMs: 1_000 });
}

/** One for the whole process, since its memory is shared. */
export const bodyBudget = new BodyBudget(MAX_BYTES, MAX_UNAUTHENTICATED_BYTES);
