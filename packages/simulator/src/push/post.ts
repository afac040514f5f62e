import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** The answer; without one `status` is 0 and `error` is set. */
export interface Posted {
  readonly status: number;
  readonly body: string;
  readonly ms: number;
  readonly error: string | null;
}

// WeChat closes the connection after five seconds (protocol §1.3). Receivers run in real time, so this is never scaled.
const ANSWER_TIMEOUT_MS = 5000;
const MAX_BODY_BYTES = 1_048_576;

/** Posts XML as WeChat does, with a connection of its own. Never throws. */
export function post(url: string, body: string, ending: AbortSignal): Promise<Posted> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const done = (status: number, text: string, error: string | null) => {
      clearTimeout(timer);
      resolve({ status, body: text, ms: Math.round(performance.now() - startedAt), error });
    };
    const bytes = Buffer.from(body, 'utf8');
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const outgoing = send(
      url,
      {
        method: 'POST',
        agent: false,
        signal: ending,
        headers: {
          'content-type': 'text/xml',
          'content-length': bytes.length,
          'user-agent': 'Mozilla/4.0',
          accept: '*/*',
        },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        let size = 0;
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= MAX_BODY_BYTES) chunks.push(chunk);
        });
        incoming.on('end', () => {
          answered = true;
          done(incoming.statusCode ?? 0, Buffer.concat(chunks).toString('utf8'), null);
        });
        incoming.on('error', (error) => done(0, '', error.message));
        incoming.on('close', () => {
          if (!answered) done(0, '', 'the answer broke off');
        });
        answering = true;
      },
    );
    let answering = false;
    let answered = false;
    const timer = setTimeout(() => {
      done(0, '', 'no answer within 5 s');
      outgoing.destroy();
    }, ANSWER_TIMEOUT_MS);
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      // A receiver may refuse a body (413) and close the connection before reading all of it; its answer counts.
      if (!answering) done(0, '', error.code ?? error.message);
    });
    outgoing.end(bytes);
  });
}
