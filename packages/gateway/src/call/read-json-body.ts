import type { IncomingMessage } from 'node:http';
import { Failure } from '@wxthirdparty/wechat';
import { bodyBudget } from '../http/body-budget.ts';
import { readBody } from '../http/read-body.ts';

const LIMIT = 20 * 1024 * 1024;
const READ_TIMEOUT_MS = 60_000;

/**
 * Reads a request's body whose content type is JSON. `read` lets other work of the event loop run in between, so several bodies are
 * read at the same time; the budget of the process limits them. Throws Failure `unsupported_content`, `too_large`, …
 */
export async function readJsonBody<T>(request: IncomingMessage, read: (json: Buffer) => Promise<T>): Promise<T> {
  const type = request.headers['content-type'];
  if (type === undefined || !/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) {
    throw new Failure('unsupported_content', 'fix-request', 'send Content-Type: application/json');
  }
  if (!/^(?:identity)?$/i.test(request.headers['content-encoding'] ?? '')) {
    throw new Failure('unsupported_content', 'fix-request', 'send the body without Content-Encoding');
  }
  const json = await readBody(request, { limit: LIMIT, timeoutMs: READ_TIMEOUT_MS, sender: 'key-holder' });
  return bodyBudget.during('key-holder', json.length, () => read(json));
}
