import { createServer } from 'node:net';

/**
 * Opens the port and closes it again; 0 finds a free one. Answers the port, or fails as listening fails. Between this
 * and the real use somebody else can take it; then the real use fails with the same sentence.
 */
export function probePort(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      const found = typeof address === 'object' && address ? address.port : port;
      server.close(() => resolve(found));
    });
  });
}
