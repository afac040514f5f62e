import type { IncomingMessage } from 'node:http';
import { Failure } from '@wxthirdparty/wechat';

export interface BodyBounds {
  readonly limit: number;
  readonly withinMs: number;
}

/**
 * How much of a too large body is read and thrown away before the refusal. A sender that is refused in mid-sentence
 * sees a reset connection instead of the answer.
 */
const DISCARD = 48 * 1024 * 1024;

/**
 * The raw bytes of a request. Throws Failure `too_large`, `slow_body`, or `caller_gone`.
 */
export function readBody(request: IncomingMessage, { limit, withinMs }: BodyBounds): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // It hung up before anybody listened.
    if (request.destroyed) return reject(callerGone());
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(() => {
      finish(
        size > limit ? tooLarge(limit) : new Failure('slow_body', 'retry', `the body did not arrive in ${withinMs} ms`),
      );
    }, withinMs);

    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= limit) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      if (size > limit + DISCARD) finish(tooLarge(limit));
    };
    const onEnd = (): void => finish(size > limit ? tooLarge(limit) : undefined);
    const onGone = (): void => finish(callerGone());

    function finish(failure: Failure | undefined): void {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone);
      if (failure !== undefined) {
        // A later error of the socket has nobody left to hear it.
        request.on('error', () => {}).resume();
        reject(failure);
      } else {
        resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
      }
    }

    request.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone);
  });
}

function tooLarge(limit: number): Failure {
  return new Failure('too_large', 'fix-request', `the body is larger than ${limit} bytes`);
}

function callerGone(): Failure {
  return new Failure('caller_gone', 'retry', 'the caller hung up before its body ended');
}
