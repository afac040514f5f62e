import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { CallbackSigner, callbackSecret } from './webhook-signer.ts';

const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const at = new Date('2026-11-22T10:00:00.900Z');

/** The check of a receiver's library. */
function verifies(secret: string, headers: Record<string, string>, body: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const expected = createHmac('sha256', key).update(signed).digest('base64');
  return headers['webhook-signature']!.split(' ').includes(`v1,${expected}`);
}

it('signs as receivers’ libraries check it', () => {
  const headers = new CallbackSigner([first]).headersFor('call', '{"a":"中"}', at);
  expect(headers).toMatchObject({ 'webhook-id': 'call', 'webhook-timestamp': '1795341600' });
  expect(verifies(callbackSecret(first), headers, '{"a":"中"}')).toBe(true);
  expect(verifies(callbackSecret(first), headers, '{"a":"文"}')).toBe(false);
  expect(verifies(callbackSecret(second), headers, '{"a":"中"}')).toBe(false);
});

it('signs under each key while keys change', () => {
  const headers = new CallbackSigner([second, first]).headersFor('call', '{}', at);
  for (const key of [first, second]) expect(verifies(callbackSecret(key), headers, '{}')).toBe(true);
});

it('does not reveal the key by the secret', () => {
  expect(Buffer.from(callbackSecret(first).slice('whsec_'.length), 'base64')).toHaveLength(32);
  expect(callbackSecret(first)).not.toContain(first.toString('base64'));
});
