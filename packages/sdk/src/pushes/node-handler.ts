import { bytesOfBody, rawBodyNeeded } from '../webhook/raw-body.ts';
import { type Answer, NOT_A_POST } from './answer.ts';
import { LimitedBody } from './limited-body.ts';

/** What is used of a request of node:http, Express or Connect. */
export interface NodeRequest extends AsyncIterable<unknown> {
  readonly method?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly readableDidRead?: boolean;
  /** Of body parsers. */
  readonly body?: unknown;
  /** Of frameworks that keep the bytes beside the parsed body. */
  readonly rawBody?: unknown;
}

/** What is used of a response of node:http, Express or Connect. */
export interface NodeResponse {
  statusCode: number;
  readonly destroyed?: boolean;
  setHeader(name: string, value: string): unknown;
  end(body?: string): unknown;
}

/** Sends the answer to a request of node:http; `answer` gets a function that reads the raw body. */
export async function handleNode(
  request: NodeRequest,
  response: NodeResponse,
  maxBodyBytes: number,
  answer: (readBody: () => Promise<Uint8Array>) => Promise<Answer>,
): Promise<void> {
  const { status, body } = request.method === 'POST' ? await answer(() => bodyOf(request, maxBodyBytes)) : NOT_A_POST;
  if (response.destroyed) return;
  response.statusCode = status;
  if (status === 405) response.setHeader('allow', 'POST');
  // The rest of the body is not read, so the connection cannot carry another request.
  if (status === 413) response.setHeader('connection', 'close');
  if (body !== undefined) response.setHeader('content-type', 'application/json');
  response.end(body);
}

async function bodyOf(request: NodeRequest, maxBodyBytes: number): Promise<Uint8Array> {
  const limited = new LimitedBody(maxBodyBytes);
  const kept = bytesOfBody(request.rawBody) ?? bytesOfBody(request.body);
  if (kept) {
    limited.add(kept);
    return kept;
  }
  // A parser that skips a request may set an empty `body`, but does not read it.
  if (request.readableDidRead) throw rawBodyNeeded();
  limited.assertFits(Number(request.headers['content-length'] ?? 0));
  for await (const part of request) {
    const bytes = bytesOfBody(part);
    if (bytes === undefined) throw rawBodyNeeded();
    limited.add(bytes);
  }
  return limited.bytes();
}
