import type { ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { answerUnreadable } from './unreadable-request.ts';

function unreadable(code: string, packet: string | undefined, answering?: Partial<ServerResponse>): string | undefined {
  const socket = new PassThrough();
  const rawPacket = packet === undefined ? undefined : Buffer.from(packet);
  const error = Object.assign(new Error(code), { code }, rawPacket && { rawPacket });
  answerUnreadable(error, socket, answering as ServerResponse | undefined);
  return (socket.read() as Buffer | null)?.toString();
}

const inProgress = (url: string) => ({ headersSent: false, writableFinished: false, req: { url } }) as ServerResponse;
const refused = (status: string, errcode: number) =>
  expect.stringMatching(new RegExp(`^HTTP/1\\.1 ${status} [^]*\\{"errcode":${errcode},"errmsg":"[^]+"\\}$`));
const plain = (status: string) => expect.stringMatching(new RegExp(`^HTTP/1\\.1 ${status} [^]*\\r\\n\\r\\n$`));

test.each<[what: string, code: string, packet: string | undefined, expected: unknown]>([
  [
    'a method that Node does not know',
    'HPE_INVALID_METHOD',
    'FETCH /cgi-bin/user/get HTTP/1.1\r\n',
    refused('200', 40066),
  ],
  ['one in small letters', 'HPE_INVALID_METHOD', 'get /sns/auth HTTP/1.1\r\n', refused('200', 40066)],
  ['a wrong base URL', 'HPE_INVALID_URL', 'GET /v1/cgi-bin/a b HTTP/1.1\r\n', refused('200', 40066)],
  ['a path of ours', 'HPE_INVALID_URL', 'GET /v1/sta tus HTTP/1.1\r\n', plain('400')],
  ['headers of ours that are too long', 'HPE_HEADER_OVERFLOW', 'GET /admin HTTP/1.1\r\nCookie: x', plain('431')],
  // The request line was in an earlier packet: it may be a request of an SDK.
  ['a later packet', 'HPE_HEADER_OVERFLOW', 'xxxxxx', refused('431', 40066)],
  ['headers that do not arrive', 'ERR_HTTP_REQUEST_TIMEOUT', undefined, refused('408', -1)],
  ['no HTTP at all', 'HPE_INVALID_METHOD', '\x16\x03\x01', refused('400', 40066)],
])('%s is answered so that an SDK does not take it for success', (_what, code, packet, expected) => {
  expect(unreadable(code, packet)).toEqual(expected);
});

test('a body that breaks or does not arrive belongs to the request in progress', () => {
  const broken = 'not a chunk';
  const code = 'HPE_INVALID_CHUNK_SIZE';
  expect(unreadable(code, broken, inProgress('/cgi-bin/media/upload?type=image'))).toEqual(refused('200', 40066));
  expect(unreadable(code, broken, inProgress('/v1/calls/batch'))).toEqual(plain('400'));
  const late = 'ERR_HTTP_REQUEST_TIMEOUT';
  expect(unreadable(late, undefined, inProgress('/cgi-bin/media/upload'))).toEqual(refused('200', -1));
  expect(unreadable(late, undefined, inProgress('/v1/calls/batch'))).toEqual(plain('408'));
});

test('an answer that has started is not continued by another one', () => {
  expect(unreadable('HPE_INVALID_CHUNK_SIZE', 'x', { ...inProgress('/cgi-bin/x'), headersSent: true })).toBeUndefined();
  expect(unreadable('ECONNRESET', undefined)).toBeUndefined();
});
