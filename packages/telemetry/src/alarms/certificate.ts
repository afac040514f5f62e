import { connect } from 'node:tls';

const TIMEOUT_MS = 5_000;

/** When the certificate of an https URL ends; undefined: it could not be read, or the URL is not https. */
export function certificateEnd(url: string): Promise<Date | undefined> {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'https:') return Promise.resolve(undefined);
  return new Promise((resolve) => {
    // What ends soon or has ended is read, too.
    const options = { host: hostname, port: Number(port || 443), servername: hostname, rejectUnauthorized: false };
    const socket = connect(options, () => {
      const { valid_to } = socket.getPeerCertificate();
      const endsAt = new Date(valid_to ?? '');
      resolve(Number.isNaN(endsAt.getTime()) ? undefined : endsAt);
      socket.destroy();
    });
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => resolve(undefined));
  });
}
