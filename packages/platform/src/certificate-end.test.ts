import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { createServer } from 'node:tls';
import { afterEach, expect, it } from 'vitest';
import { expiredCertificate, receiverCertificate, receiverKey } from '../test/certificates.ts';
import { certificateEnd } from './certificate-end.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(cert: string): Promise<number> {
  const server = createServer({ cert, key: receiverKey }, (socket) => socket.on('error', () => {}));
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

it.each([
  ['valid', receiverCertificate],
  ['expired', expiredCertificate],
])('reads when a certificate ends that is %s', async (_what, cert) => {
  const port = await serve(cert);
  const endsAt = new Date(new X509Certificate(cert).validTo);
  expect(await certificateEnd(`https://127.0.0.1:${port}`)).toEqual(endsAt);
  expect(await certificateEnd(`https://receiver.invalid:${port}`, '127.0.0.1')).toEqual(endsAt);
});

it('is undefined without a certificate', async () => {
  expect(await certificateEnd('http://127.0.0.1:1')).toBeUndefined();
  const plain = createTcpServer((socket) => socket.destroy());
  plain.listen(0, '127.0.0.1');
  await once(plain, 'listening');
  closing.push(() => new Promise((resolve) => plain.close(resolve)));
  expect(await certificateEnd(`https://127.0.0.1:${(plain.address() as AddressInfo).port}`)).toBeUndefined();
});
