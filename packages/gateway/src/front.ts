import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { hasUnreadBody } from './http/end-unread.ts';
import { carriesToken, formCarriesToken, isOwnPath } from './http/own-path.ts';
import { peekBody } from './http/peek-body.ts';
import { giveRequestId } from './http/request-id.ts';
import type { Shutdown } from './http/shutdown.ts';
import { targetOf } from './http/target-of.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, path: string, search: string) => void;

export interface FrontHandlers {
  readonly push: Handler;
  readonly virtual: Handler;
  readonly rest: RequestListener;
}

/**
 * Decides which part answers. What comes often or needs raw bytes never reaches Express, which costs more than the work. The
 * virtual WeChat answers every path that is not our own, and whatever carries a token: the programs that ask so read an
 * answer without errcode as success.
 */
export function front(
  { push, virtual, rest }: FrontHandlers,
  leaving: Shutdown,
  notice: (request: IncomingMessage) => void,
): RequestListener {
  return (request, response) => {
    giveRequestId(request, response);
    response.setHeader('x-content-type-options', 'nosniff');
    endWhenLeaving(response, leaving);
    notice(request);
    const { path, search, relative } = targetOf(request.url ?? '/');
    // One reading of the path for all: Express sees the folded one, too.
    request.url = relative;
    if (!isOwnPath(path) || carriesToken(search)) virtual(request, response, path, search);
    else if (path.startsWith('/wechat/')) push(request, response, path, search);
    else if (!isForm(request) || !hasUnreadBody(request)) rest(request, response);
    else {
      // Node discards an unread body after the answer, but not one of which something was read.
      response.once('finish', () => request.resume());
      // None of our own routes takes a form, but SDKs may put their token in one.
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

/** A client that keeps its connection must not send the next request into a server that has left. */
function endWhenLeaving(response: ServerResponse, leaving: Shutdown): void {
  const stop = leaving.draining.onFire(() => {
    if (!response.headersSent) response.setHeader('connection', 'close');
  });
  response.once('close', stop);
}
