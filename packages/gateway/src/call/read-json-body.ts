import type { IncomingMessage } from 'node:http';
import { Failure } from '@wxthirdparty/wechat';
import { bodyBudget } from '../http/body-budget.ts';
import { readBody } from '../http/read-body.ts';

const LIMIT = 20 * 1024 * 1024;
const WITHIN_MS = 60_000;

/**
 * What is read of a request's body that says of itself that it is JSON. Reading lets other work run in between, so several
 * bodies are read at the same time, within the budget of the process. Throws Failure `unsupported_content`, `too_large`, …
 */
export async function readJsonBody<T>(request: IncomingMessage, read: (json: Buffer) => Promise<T>): Promise<T> {
  const type = request.headers['content-type'];
  if (type === undefined || !/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) {
    throw new Failure('unsupported_content', 'fix-request', 'send Content-Type: application/json');
  }
  if (!/^(?:identity)?$/i.test(request.headers['content-encoding'] ?? '')) {
    throw new Failure('unsupported_content', 'fix-request', 'send the body without Content-Encoding');
  }
  const json = await readBody(request, { limit: LIMIT, withinMs: WITHIN_MS, sender: 'key-holder' });
  return bodyBudget.during('key-holder', json.length, () => read(json));
}
