import type { IncomingMessage } from 'node:http';
import express from 'express';
import { expect, test } from 'vitest';
import { addressOf, type TrustProxy } from './address-of.ts';

const cases: readonly [trust: unknown, socket: string, forwarded: string | undefined, address: string][] = [
  [false, '10.0.0.1', '1.2.3.4', '10.0.0.1'],
  [true, '10.0.0.1', '1.2.3.4, 5.6.7.8', '1.2.3.4'],
  [1, '10.0.0.1', '1.2.3.4, 5.6.7.8', '5.6.7.8'],
  [2, '10.0.0.1', '1.2.3.4, 5.6.7.8', '1.2.3.4'],
  [2, '10.0.0.1', '5.6.7.8', '5.6.7.8'],
  ['loopback', '127.0.0.1', ' 1.2.3.4 ,5.6.7.8', '5.6.7.8'],
  ['loopback', '10.0.0.1', '1.2.3.4', '10.0.0.1'],
  ['10.0.0.0/8', '10.0.0.1', '1.2.3.4, 10.9.9.9', '1.2.3.4'],
  [true, '10.0.0.1', undefined, '10.0.0.1'],
  [true, '10.0.0.1', '', '10.0.0.1'],
];

test.each(cases)('trusting %s, %s for %s is %s, as Express says', (trust, remoteAddress, forwarded, address) => {
  const application = express();
  application.set('trust proxy', trust);
  const request = { socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded }, app: application };
  expect(addressOf(request as never, application.get('trust proxy fn') as TrustProxy)).toBe(address);
  Object.setPrototypeOf(request, application.request);
  expect((request as unknown as IncomingMessage & { ip: string }).ip).toBe(address);
});
