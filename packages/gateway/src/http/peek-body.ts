import type { IncomingMessage } from 'node:http';

/** The first bytes of a body, which the route can still read. Empty if there are none, or if the caller has hung up. */
export function peekBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve) => {
    const onReadable = (): void => {
      const first = request.read() as Buffer | null;
      if (first !== null) request.unshift(first);
      finish(first ?? Buffer.alloc(0));
    };
    const onGone = (): void => finish(Buffer.alloc(0));
    const finish = (first: Buffer): void => {
      request.off('readable', onReadable).off('close', onGone).off('error', onGone);
      resolve(first);
    };
    request.once('readable', onReadable).once('close', onGone).once('error', onGone);
  });
}
