import type { ServerResponse } from 'node:http';
import { Failure } from '@wxthirdparty/wechat';
import type { Shutdown } from './shutdown.ts';

/**
 * Ends the wait of one request for something that others need, too, such as a token. `signal` is aborted with Failure `caller_gone` when
 * the caller disconnects, and `unavailable` when the gateway shuts down. Dispose it at the end of the request.
 */
export function callerSignal(
  response: ServerResponse,
  shutdown: Shutdown,
): Disposable & { readonly signal: AbortSignal } {
  const waiting = new AbortController();
  const onClose = () => waiting.abort(new Failure('caller_gone', 'retry', 'The caller hung up before its answer.'));
  const unsubscribe = shutdown.stopWaiting.onFire(() =>
    waiting.abort(new Failure('unavailable', 'retry', 'The gateway is shutting down. Repeat the request.')),
  );
  response.once('close', onClose);
  if (response.destroyed) onClose();
  return {
    signal: waiting.signal,
    [Symbol.dispose]() {
      unsubscribe();
      response.off('close', onClose);
    },
  };
}
