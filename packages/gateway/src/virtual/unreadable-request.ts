import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { carriesToken, isOwnPath } from '../http/own-path.ts';
import { targetOf } from '../http/target-of.ts';
import { refusals } from './refusal.ts';

interface ParseError extends Error {
  readonly code?: string;
  readonly rawPacket?: Buffer;
}

/**
 * Answers requests that Node's parser cannot read (a blank in the path, too long headers) and that reach no handler: in WeChat's
 * format unless the path is one of our own, because SDKs take an answer without errcode for success.
 *
 * @param answering the response in progress on this connection
 */
export function answerUnreadable(error: ParseError, socket: Duplex, answering: ServerResponse | undefined): void {
  const canAnswer =
    socket.writable && error.code !== 'ECONNRESET' && !(answering?.headersSent && !answering.writableFinished);
  if (canAnswer) socket.end(isForWeChat(error) ? wechatAnswer(error) : plainAnswer(error), () => socket.destroy());
  else socket.destroy();
}

function isForWeChat({ rawPacket }: ParseError): boolean {
  const line = /^[A-Z]+ +([^\r\n]+)/.exec(rawPacket?.toString('latin1', 0, 4_096) ?? '')?.[1];
  if (line === undefined) return false;
  const { path, search } = targetOf(line);
  return carriesToken(search) || !isOwnPath(path);
}

function wechatAnswer(error: ParseError): string {
  const { errcode, errmsg } = refusals.badPath;
  const body = JSON.stringify({
    errcode,
    errmsg: `${errmsg}: the request is not valid HTTP (${error.code ?? 'unknown'})`,
  });
  return (
    'HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n' +
    `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
  );
}

/** Node's answer without a listener. */
function plainAnswer({ code }: ParseError): string {
  const status =
    code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW'
        ? '413 Payload Too Large'
        : code === 'ERR_HTTP_REQUEST_TIMEOUT'
          ? '408 Request Timeout'
          : '400 Bad Request';
  return `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}
