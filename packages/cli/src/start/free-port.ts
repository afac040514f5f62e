import { createServer } from 'node:net';

/**
 * Opens the port and closes it again; 0 finds a free one. Returns the port, or fails like listening. Another program can
 * take it before it is used; then listening fails with the same message.
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
