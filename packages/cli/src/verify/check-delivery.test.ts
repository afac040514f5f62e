import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkDelivery } from './check-delivery.ts';
import { readSavedRequest } from './saved-request.ts';
import { webhookSecrets } from './webhook-secrets.ts';

const secret = Buffer.alloc(32, 'a');
const other = Buffer.alloc(32, 'b');
const id = '1lglnp7f58elovunc37204hdd3';
const signedAt = new Date('2026-11-28T14:03:19Z');
const body = JSON.stringify({ type: 'message.text', data: { id, fields: { Content: '你好' } } });

function headers(changed: Readonly<Record<string, string>> = {}): string {
  const timestamp = String(signedAt.getTime() / 1000);
  const signature = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
  const all = {
    'Content-Type': 'application/json',
    'Webhook-Id': id,
    'Webhook-Timestamp': timestamp,
    'Webhook-Signature': `v1,${signature}`,
    ...changed,
  };
  return Object.entries(all)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}`)
    .join('\r\n');
}

function check(saved: string, { secrets = [secret], secondsLater = 2 } = {}) {
  const receivedAt = new Date(signedAt.getTime() + secondsLater * 1000);
  return checkDelivery(readSavedRequest(Buffer.from(saved)), secrets, receivedAt);
}

const http = (head: string, text = body) => `POST /wx HTTP/1.1\r\n${head}\r\n\r\n${text}`;

describe('a saved delivery', () => {
  it.each([
    ['as it was on the wire', http(headers())],
    ['with line feeds alone', `${headers().replaceAll('\r\n', '\n')}\n\n${body}`],
    ['as JSON', JSON.stringify({ headers: { 'webhook-id': id, ...jsonHeaders() }, body })],
    [
      'as the test of a subscription answers it',
      JSON.stringify({ request: { url: 'https://a/', headers: jsonHeaders(), body }, response: null }),
    ],
  ])('%s is genuine', (_, saved) => {
    expect(check(saved)).toEqual({
      holds: [
        'The signature matches the secret and the body.',
        'It was signed at 2026-11-28T14:03:19.000Z, 2 seconds before 2026-11-28T14:03:21.000Z; five minutes are permitted.',
      ],
      faults: [],
    });
  });

  it('is genuine if one of several signatures and one of several secrets match', () => {
    const signature = /v1,.*/.exec(headers())![0];
    const saved = http(headers({ 'Webhook-Signature': `v1,Zm9v ${signature}` }));
    expect(check(saved, { secrets: [other, secret] }).faults).toEqual([]);
  });

  it('may have its body in another file', () => {
    const request = readSavedRequest(Buffer.from(headers()), Buffer.from(body));
    expect(checkDelivery(request, [secret], signedAt).faults).toEqual([]);
  });
});

describe('what is wrong with a delivery is said in plain words:', () => {
  it.each<[string, string, RegExp]>([
    ['a missing header', http(headers({ 'Webhook-Id': '' })), /^The header webhook-id is missing\./],
    [
      'several missing headers',
      http('content-type: application/json'),
      /^The headers webhook-id, webhook-timestamp, webhook-signature are missing\./,
    ],
    ['a time that is none', http(headers({ 'Webhook-Timestamp': 'noon' })), /webhook-timestamp is "noon"/],
    ['another scheme', http(headers({ 'Webhook-Signature': 'sha256=abc' })), /no signature of the form "v1,BASE64"/],
    ['a line break at the end', http(headers(), `${body}\n`), /line break was added or removed at its end/],
    ['white space', http(headers(), JSON.stringify(JSON.parse(body), null, 2)), /same JSON with other white space/],
    ['a byte order mark', http(headers(), `\uFEFF${body}`), /byte order mark/],
    ['another encoding', http(headers(), Buffer.from(body).toString('latin1')), /read in another encoding/],
    [
      'the body of another delivery',
      http(headers(), body.replace(id, 'another')),
      /belongs to another delivery: its id is another/,
    ],
    ['a lost body', http(headers(), ''), /has no body/],
    [
      'a change that is not known',
      http(headers(), body.replace('你', '您')),
      /Either the secret is not the one .* or the body was changed/,
    ],
  ])('%s', (_, saved, sentence) => {
    const { faults } = check(saved);
    expect(faults).toEqual([expect.stringMatching(sentence)]);
  });

  it('another secret', () => {
    expect(check(http(headers()), { secrets: [other] }).faults).toEqual([expect.stringMatching(/Either the secret/)]);
  });

  it.each([
    [
      3 * 3600,
      /3 hours before .* receivers permit five minutes\. If it arrived earlier than that, give .* by --received/,
    ],
    [-600, /10 minutes after .* receivers permit five minutes\. The receiver’s clock is slow/],
  ])('a clock that is apart by %i seconds, beside a signature that holds', (secondsLater, sentence) => {
    const { holds, faults } = check(http(headers()), { secondsLater });
    expect(holds).toEqual(['The signature matches the secret and the body.']);
    expect(faults).toEqual([expect.stringMatching(sentence)]);
  });

  it('a saved request that is none', () => {
    expect(() => check('hello')).toThrow('it has no header lines');
    expect(() => check(JSON.stringify({ headers: {}, body: {} }))).toThrow('its "body" was parsed');
    expect(() => check(JSON.stringify({ headers: {} }))).toThrow('it has no "body"');
  });
});

describe('the secrets', () => {
  it('are read from lines or words, with or without their prefix', () => {
    const [one, two] = [secret, other].map((bytes) => bytes.toString('base64'));
    expect(webhookSecrets(`whsec_${one}\n${two}\n`, 'WX_SECRET')).toEqual([secret, other]);
  });

  it('that were copied in part are refused without being repeated', () => {
    const text = `whsec_${secret.toString('base64').slice(0, 9)}`;
    expect(() => webhookSecrets(text, 'WX_SECRET')).toThrow(
      'The secret in WX_SECRET is not "whsec_" and base64; it may have been copied in part.',
    );
    expect(() => webhookSecrets(' \n', 'a-file')).toThrow('a-file is empty.');
  });
});

function jsonHeaders(): Record<string, string> {
  return Object.fromEntries(
    headers()
      .split('\r\n')
      .map((line) => line.split(': ') as [string, string]),
  );
}
