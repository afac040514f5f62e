import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Leaving } from './http/leaving.ts';
import { giveRequestId } from './http/request-id.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, path: string, search: string) => void;

/** Decides who answers. What comes often or needs raw bytes never reaches Express, which costs more than the work. */
export function front(
  handlers: {
    readonly push: Handler;
    readonly virtual: Handler;
    readonly isVirtual: (path: string) => boolean;
    readonly rest: RequestListener;
  },
  leaving: Leaving,
): RequestListener {
  return (request, response) => {
    giveRequestId(request, response);
    response.setHeader('x-content-type-options', 'nosniff');
    endWhenLeaving(response, leaving);
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark === -1 ? url : url.slice(0, mark);
    const search = mark === -1 ? '' : url.slice(mark + 1);
    if (path.startsWith('/wechat/')) handlers.push(request, response, path, search);
    else if (handlers.isVirtual(path)) handlers.virtual(request, response, path, search);
    else handlers.rest(request, response);
  };
}

/** A client that keeps its connection must not send the next request into a server that has left. */
function endWhenLeaving(response: ServerResponse, leaving: Leaving): void {
  const stop = leaving.closing.listen(() => {
    if (!response.headersSent) response.setHeader('connection', 'close');
  });
  response.once('close', stop);
}
