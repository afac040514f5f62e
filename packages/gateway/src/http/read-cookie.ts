import type { IncomingMessage } from 'node:http';

/** The value of the first cookie of this name, unless it has another shape. */
export function readCookie({ headers }: IncomingMessage, name: string, shape: RegExp): string | undefined {
  for (const pair of (headers.cookie ?? '').split(';')) {
    const [found, value = ''] = pair.trim().split('=', 2);
    if (found === name && shape.test(value)) return value;
  }
  return undefined;
}
