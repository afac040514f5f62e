import type { IncomingMessage } from 'node:http';

/** Whether the proxy at this address, so many hops away, tells the truth about who asked it; Express' own shape. */
export type TrustProxy = (address: string, hop: number) => boolean;

/** Who asks, as Express tells it, for requests that never reach Express. */
export function addressOf(request: IncomingMessage, trusts: TrustProxy): string {
  const forwarded = String(request.headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  let address = request.socket.remoteAddress ?? '';
  for (let hop = 0; forwarded.length > 0 && trusts(address, hop); hop++) address = forwarded.pop()!;
  return address;
}
