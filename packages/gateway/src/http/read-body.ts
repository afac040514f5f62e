import type { IncomingMessage } from 'node:http';
import { Failure } from '@wxthirdparty/wechat';
import { type BodySender, bodyBudget, overloaded, type UnfinishedBody } from './body-budget.ts';
import { hasBody } from './end-unread.ts';

export interface BodyBounds {
  readonly limit: number;
  readonly timeoutMs: number;
  readonly sender: BodySender;
}

/**
 * How many bytes of a too large body are read and discarded before the refusal. A sender that is refused before it has sent
 * everything gets a reset connection instead of the answer.
 */
const MAX_DISCARDED = 48 * 1024 * 1024;

/**
 * Every piece costs the event loop about three microseconds, however small it is, and even if it is discarded. So pieces
 * must have a minimum average size, which is larger for large bodies. The first thousand may have any size.
 */
const FREE_PIECES = 1_000;
const SMALL_BODY = 64 * 1024;
const MIN_AVERAGE_PIECE = { small: 4, large: 64 };

function maxPieces(size: number): number {
  const ofSmall = Math.min(size, SMALL_BODY) / MIN_AVERAGE_PIECE.small;
  return FREE_PIECES + ofSmall + Math.max(0, size - SMALL_BODY) / MIN_AVERAGE_PIECE.large;
}

/**
 * The raw bytes of a request. Throws Failure `too_large`, `slow_body`, `caller_gone`, `overloaded` if this process reads
 * too much at the same time, or `invalid_request` for a body in too small pieces.
 */
export function readBody(request: IncomingMessage, { limit, timeoutMs, sender }: BodyBounds): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // Chunked and empty: a peek has read its end.
    if (request.readableEnded) return resolve(Buffer.alloc(0));
    // The caller hung up before this function was called.
    if (request.destroyed) return reject(callerGone());
    // Its end need not be waited for.
    if (!hasBody(request)) return resolve(Buffer.alloc(0));
    const body = new GrowingBody(limit);
    let size = 0;
    let pieces = 0;
    let held = 0;
    const unfinished: UnfinishedBody = {
      get held() {
        return held;
      },
      giveUp: () => finish(overloaded()),
    };
    const take = (bytes: number): boolean =>
      sender === 'stranger' ? bodyBudget.takeForStranger(unfinished, bytes) : bodyBudget.take(sender, bytes);
    const timer = setTimeout(() => {
      finish(
        size > limit
          ? tooLarge(limit)
          : new Failure('slow_body', 'retry', `The body did not arrive in ${timeoutMs} ms.`),
      );
    }, timeoutMs);

    const onData = (piece: Buffer): void => {
      size += piece.length;
      pieces++;
      if (pieces > maxPieces(size)) {
        finish(tooSmallPieces());
      } else if (size > limit) {
        release();
        if (size > limit + MAX_DISCARDED) finish(tooLarge(limit));
      } else if (take(piece.length)) {
        held += piece.length;
        body.append(piece);
      } else {
        finish(overloaded());
      }
    };
    const onEnd = (): void => finish(size > limit ? tooLarge(limit) : undefined);
    const onGone = (): void => finish(callerGone());

    function release(): void {
      bodyBudget.release(sender, held);
      bodyBudget.forget(unfinished);
      held = 0;
      body.drop();
    }

    function finish(failure: Failure | undefined): void {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone);
      const bytes = body.bytes();
      release();
      if (failure !== undefined) {
        // A later error of the socket has no other listener.
        request.on('error', () => {}).resume();
        reject(failure);
      } else {
        resolve(bytes);
      }
    }

    request.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone);
  });
}

/**
 * Pieces are copied into one buffer, because a separate Buffer for a small piece costs a hundred times its size. A body of
 * one piece, which most are, is not copied.
 */
class GrowingBody {
  readonly #limit: number;
  #buffer: Buffer = Buffer.alloc(0);
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  append(piece: Buffer): void {
    const size = this.#size + piece.length;
    if (this.#size === 0) {
      this.#buffer = piece;
    } else {
      if (size > this.#buffer.length) {
        const grown = Buffer.allocUnsafeSlow(Math.min(this.#limit, Math.max(size, 2 * this.#buffer.length)));
        this.#buffer.copy(grown, 0, 0, this.#size);
        this.#buffer = grown;
      }
      piece.copy(this.#buffer, this.#size);
    }
    this.#size = size;
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#size);
  }

  drop(): void {
    this.#buffer = Buffer.alloc(0);
    this.#size = 0;
  }
}

function tooLarge(limit: number): Failure {
  return new Failure('too_large', 'fix-request', `The body is larger than ${limit} bytes.`);
}

function tooSmallPieces(): Failure {
  const message = `The body arrives in too small chunks. Send it in chunks of at least ${MIN_AVERAGE_PIECE.large} bytes.`;
  return new Failure('invalid_request', 'fix-request', message);
}

function callerGone(): Failure {
  return new Failure('caller_gone', 'retry', 'The caller hung up before its body ended.');
}
