import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { isForVirtualWeChat } from '../http/own-path.ts';
import { type Target, targetOf } from '../http/target-of.ts';
import { type Refusal, refusals } from './refusal.ts';

interface ParseError extends Error {
  readonly code?: string;
  readonly rawPacket?: Buffer;
}

/**
 * Answers requests that Node's parser cannot read (a blank in the path, too long headers), that do not arrive in time, and that
 * reach no handler: in WeChat's format unless the path is one of our own, because SDKs take an answer without errcode for success.
 *
 * @param answering the newest response on this connection
 */
export function answerUnreadable(error: ParseError, socket: Duplex, answering: ServerResponse | undefined): void {
  const current = answering?.writableFinished ? undefined : answering;
  const canAnswer = socket.writable && error.code !== 'ECONNRESET' && !current?.headersSent;
  if (canAnswer) socket.end(answerTo(error, targetIn(error, current)), () => socket.destroy());
  else socket.destroy();
}

/** Undefined if the error does not show which request it is: the packet may be a later one. */
function targetIn({ rawPacket }: ParseError, current: ServerResponse | undefined): Target | undefined {
  if (current !== undefined) return targetOf(current.req.url ?? '/');
  // A method may be unknown, too.
  const line = /^[\w-]+ +([^\r\n]+?)(?: HTTP\/[\d.]+)?(?:[\r\n]|$)/.exec(
    rawPacket?.toString('latin1', 0, 4_096) ?? '',
  )?.[1];
  return line === undefined ? undefined : targetOf(line);
}

/** Where the target is not known, the status is that of HTTP and the body that of WeChat: neither reader takes it for success. */
function answerTo(error: ParseError, target: Target | undefined): string {
  if (target === undefined) return answer(statusOf(error), refusalOf(error));
  return isForVirtualWeChat(target) ? answer('200 OK', refusalOf(error)) : answer(statusOf(error));
}

function refusalOf({ code }: ParseError): Refusal {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return refusals.tooLate;
  const { errcode, errmsg } = refusals.badPath;
  return { errcode, errmsg: `${errmsg}: the request is not valid HTTP (${code ?? 'unknown'})` };
}

function answer(status: string, refusal?: Refusal): string {
  const body = refusal === undefined ? '' : JSON.stringify(refusal);
  const type = refusal === undefined ? '' : 'Content-Type: application/json; charset=utf-8\r\n';
  return `HTTP/1.1 ${status}\r\n${type}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}

/** As Node answers without a listener. */
function statusOf({ code }: ParseError): string {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return '431 Request Header Fields Too Large';
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return '413 Payload Too Large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return '408 Request Timeout';
    default:
      return '400 Bad Request';
  }
}
