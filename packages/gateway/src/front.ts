import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { isForConsole } from './console/console-route.ts';
import { hasUnreadBody } from './http/end-unread.ts';
import { formCarriesToken, isForVirtualWeChat } from './http/own-path.ts';
import { peekBody } from './http/peek-body.ts';
import { giveRequestId } from './http/request-id.ts';
import type { Shutdown } from './http/shutdown.ts';
import { targetOf } from './http/target-of.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, path: string, search: string) => void;

export interface FrontHandlers {
  readonly push: Handler;
  readonly virtual: Handler;
  readonly console: Handler;
  readonly metrics: RequestListener;
  readonly rest: RequestListener;
}

/**
 * Dispatches requests. Frequent requests and those that need raw bytes never reach Express, which would cost more than the
 * work itself. The virtual WeChat answers every request of an SDK, also if its base URL is wrong: SDKs read an answer without
 * errcode as success.
 */
export function front(
  { push, virtual, console, metrics, rest }: FrontHandlers,
  shutdown: Shutdown,
  notice: (request: IncomingMessage) => void,
): RequestListener {
  return (request, response) => {
    giveRequestId(request, response);
    response.setHeader('x-content-type-options', 'nosniff');
    closeConnectionOnShutdown(response, shutdown);
    notice(request);
    const target = targetOf(request.url ?? '/');
    const { path, search, relative } = target;
    // All handlers get the same path, Express included.
    request.url = relative;
    if (isForVirtualWeChat(target)) virtual(request, response, path, search);
    else if (path.startsWith('/wechat/')) push(request, response, path, search);
    else if (isForConsole(path)) console(request, response, path, search);
    else if (/^\/metrics\/?$/i.test(path)) metrics(request, response);
    else if (!isForm(request) || !hasUnreadBody(request)) rest(request, response);
    else {
      // Node discards an unread body after the answer, but not one that was read partly.
      response.once('finish', () => request.resume());
      // None of our own routes accepts a form, but SDKs may send their token in one.
      void peekBody(request).then((start) => {
        if (formCarriesToken(start.toString('latin1'))) virtual(request, response, path, search);
        else rest(request, response);
      });
    }
  };
}

function isForm({ headers }: IncomingMessage): boolean {
  return /^(?:application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(headers['content-type'] ?? '');
}

/** A client that keeps its connection must not send its next request to a server that has shut down. */
function closeConnectionOnShutdown(response: ServerResponse, shutdown: Shutdown): void {
  const stop = shutdown.draining.onFire(() => {
    if (!response.headersSent) response.setHeader('connection', 'close');
  });
  response.once('close', stop);
}
