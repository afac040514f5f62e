import { request } from 'node:http';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
  /** Whether the server asked for the body before it was sent. */
  readonly continued: boolean;
}

/** A request with exactly these headers and bytes; without a length the body is sent in chunks. */
export function rawRequest(
  url: string,
  options: {
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly body?: string | Buffer | undefined;
  } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let continued = false;
    const outgoing = request(url, { method: options.method ?? 'GET', headers: options.headers ?? {} }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('error', reject);
      incoming.once('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          bytes: Buffer.concat(chunks),
          continued,
        }),
      );
    });
    outgoing.once('error', reject);
    const { body } = options;
    if (options.headers?.expect === undefined) {
      if (body !== undefined) outgoing.write(body);
      outgoing.end();
      return;
    }
    outgoing.once('continue', () => {
      continued = true;
      outgoing.end(body);
    });
    outgoing.flushHeaders();
  });
}
