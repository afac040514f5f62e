import type { IncomingMessage } from 'node:http';
import { Failure } from '@wxthirdparty/wechat';
import { readBody } from '../http/read-body.ts';

const LIMIT = 20 * 1024 * 1024;
const WITHIN_MS = 60_000;

/** The bytes of a request that says of itself that it is JSON. Throws Failure `unsupported_content`, `too_large`, … */
export function readJsonBody(request: IncomingMessage): Promise<Buffer> {
  const type = request.headers['content-type'];
  if (type === undefined || !/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) {
    throw new Failure('unsupported_content', 'fix-request', 'send Content-Type: application/json');
  }
  if (!/^(?:identity)?$/i.test(request.headers['content-encoding'] ?? '')) {
    throw new Failure('unsupported_content', 'fix-request', 'send the body without Content-Encoding');
  }
  return readBody(request, { limit: LIMIT, withinMs: WITHIN_MS, sender: 'key-holder' });
}
