import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { formatSecret, signatureHeaders } from './standard-webhooks.ts';

const [older, newer] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const at = new Date('2026-11-22T10:00:00.900Z');

/** The check of a receiver's library. */
function verifies(secret: string, headers: Record<string, string>, body: string | Buffer): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signed = Buffer.concat([
    Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`),
    Buffer.from(body),
  ]);
  return headers['webhook-signature']!.split(' ').includes(
    `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
  );
}

it('has the example of the Standard Webhooks specification', () => {
  const secret = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
  const headers = signatureHeaders(
    [secret],
    'msg_p5jXN8AQM9LWM0D4loKWxJek',
    '{"test": 2432232314}',
    new Date(1614265330_000),
  );
  expect(headers).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

it('signs with each secret, so that a receiver accepts the old and the new one', () => {
  const body = '{"a":"中"}';
  const headers = signatureHeaders([older, newer], 'push', body, at);
  expect(verifies(formatSecret(older), headers, body)).toBe(true);
  expect(verifies(formatSecret(newer), headers, body)).toBe(true);
  expect(verifies(formatSecret(newer), headers, '{"a":"文"}')).toBe(false);
  expect(verifies(formatSecret(Buffer.alloc(32, 3)), headers, body)).toBe(false);
});

it('signs bytes as they are', () => {
  const bytes = Buffer.from([0xff, 0x00, 0xfe]);
  expect(verifies(formatSecret(newer), signatureHeaders([newer], 'push', bytes, at), bytes)).toBe(true);
});
