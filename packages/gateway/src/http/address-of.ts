import type { IncomingMessage } from 'node:http';

/** Whether the proxy at this address, so many hops away, is trusted to name its client; the type of Express' function. */
export type TrustProxy = (address: string, hop: number) => boolean;

/** The client's address, determined as Express does it, for requests that never reach Express. */
export function addressOf(request: IncomingMessage, trusts: TrustProxy): string {
  const forwarded = String(request.headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  let address = request.socket.remoteAddress ?? '';
  for (let hop = 0; forwarded.length > 0 && trusts(address, hop); hop++) address = forwarded.pop()!;
  return address;
}
