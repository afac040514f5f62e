import { isIP } from 'node:net';
import { connect } from 'node:tls';

const TIMEOUT_MS = 4_000;

/**
 * When the certificate of an https URL ends, whether it is valid or not; undefined: it could not be read, or the URL is not https.
 * `address`: where to connect instead of the address that the name resolves to.
 */
export function certificateEnd(url: string, address?: string): Promise<Date | undefined> {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'https:') return Promise.resolve(undefined);
  // A literal IPv6 address has brackets in a URL only.
  const name = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = connect({
      host: address ?? name,
      port: Number(port || 443),
      // A literal address is no name to ask for.
      ...(isIP(name) === 0 ? { servername: name } : {}),
      rejectUnauthorized: false,
    });
    const end = (endsAt?: Date) => {
      socket.destroy();
      resolve(endsAt);
    };
    socket.setTimeout(TIMEOUT_MS, () => end());
    socket.once('error', () => end());
    socket.once('close', () => end());
    socket.once('secureConnect', () => {
      const endsAt = new Date(socket.getPeerCertificate().valid_to ?? '');
      end(Number.isNaN(endsAt.getTime()) ? undefined : endsAt);
    });
  });
}
