import { afterEach, describe, expect, it, vi } from 'vitest';
import { pushes, readCallSettled, WebhookError } from '../src/index.ts';
import { OTHER_SECRET, SECRET, signed, textPush } from './signed.ts';

const body = textPush('你好');

async function refusal(
  { headers, body }: { headers: Record<string, string>; body: unknown },
  secret: string | string[] = SECRET,
): Promise<{ code: string; message: string }> {
  const error: unknown = await pushes({ secret })
    .read(headers, body as string)
    .then(
      () => 'accepted',
      (it: unknown) => it,
    );
  expect(error).toBeInstanceOf(WebhookError);
  return error as WebhookError;
}

const without = (name: string) => {
  const { headers, ...rest } = signed(body);
  return { headers: Object.fromEntries(Object.entries(headers).filter(([given]) => given !== name)), ...rest };
};

describe('a delivery', () => {
  it('that a Standard Webhooks library signed is accepted, as text and as bytes, under any case of the headers', async () => {
    const { headers } = signed(body);
    const app = pushes({ secret: SECRET });
    const bytes = new TextEncoder().encode(body);
    const pooled = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')]).subarray(6, 6 + bytes.length);
    for (const raw of [body, bytes, bytes.buffer, pooled]) {
      expect((await app.read(headers, raw)).type).toBe('message.text');
    }
    const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
    for (const given of [new Headers(headers), upper]) {
      expect((await app.read(given, body)).delivery.id).toBe('1lglnp7f58elovunc37204hdd3');
    }
  });

  it('with several signatures, or against several secrets, needs one that matches', async () => {
    const both = signed(body, { secrets: [OTHER_SECRET, SECRET] });
    both.headers['webhook-signature'] += ' v1a,Zm9yYW5vdGhlcnNjaGVtZQ== v1,%%%';
    await expect(pushes({ secret: SECRET }).read(both.headers, both.body)).resolves.toBeDefined();
    const one = signed(body);
    await expect(pushes({ secret: [OTHER_SECRET, SECRET] }).read(one.headers, one.body)).resolves.toBeDefined();
    expect((await refusal(one, OTHER_SECRET)).code).toBe('signature_mismatch');
  });

  it('is refused if any byte of its body, its id or its time was changed', async () => {
    const { headers } = signed(body);
    expect((await refusal({ headers, body: `${body} ` })).code).toBe('signature_mismatch');
    expect((await refusal({ headers, body: body.replace('你', '您') })).code).toBe('signature_mismatch');
    expect((await refusal({ headers: { ...headers, 'webhook-id': 'other' }, body })).code).toBe('signature_mismatch');
    const later = String(Number(headers['webhook-timestamp']) + 1);
    expect((await refusal({ headers: { ...headers, 'webhook-timestamp': later }, body })).code).toBe(
      'signature_mismatch',
    );
  });

  it('is refused more than five minutes before or after it was signed', async () => {
    const apart = (seconds: number) => signed(body, { at: new Date(Date.now() + seconds * 1000) });
    expect(await refusal(apart(-400))).toMatchObject({ code: 'timestamp_too_old', remedy: 'operator' });
    expect(await refusal(apart(400))).toMatchObject({ code: 'timestamp_too_new' });
    for (const seconds of [-200, 200]) {
      const { headers, body } = apart(seconds);
      await expect(pushes({ secret: SECRET }).read(headers, body)).resolves.toBeDefined();
    }
  });

  it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])(
    'without %s is refused, and the header named',
    async (name) => {
      const refused = await refusal(without(name));
      expect([refused.code, refused.message]).toEqual(['header_missing', expect.stringContaining(name)]);
    },
  );

  it.each([
    ['webhook-timestamp', 'yesterday'],
    ['webhook-timestamp', '-1'],
    ['webhook-signature', 'no signature'],
    ['webhook-signature', 'v2,Zm9v'],
  ])('with %s: %s is refused as malformed', async (name, value) => {
    const { headers } = signed(body);
    expect((await refusal({ headers: { ...headers, [name]: value }, body })).code).toBe('header_malformed');
  });

  it.each([[{ type: 'message.text' }], [undefined], [null], [[1]], [7]])(
    'that a parser made %j of is refused, and express.json() named',
    async (parsed) => {
      const refused = await refusal({ headers: signed(body).headers, body: parsed });
      expect([refused.code, refused.message]).toEqual(['raw_body_needed', expect.stringContaining('express.json()')]);
    },
  );

  it.each(['<xml/>', '[]', 'null', '{"type":"message.text"}', '{"type":1,"data":{}}'])(
    'that is signed and has the body %s is unreadable',
    async (text) => {
      expect((await refusal(signed(text))).code).toBe('body_unreadable');
    },
  );
});

describe('the example of the Standard Webhooks specification', () => {
  afterEach(() => vi.useRealTimers());

  it('verifies', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_731_705_121_000 });
    const headers = {
      'webhook-id': 'msg_loFOjxBNrRLzqYUf',
      'webhook-timestamp': '1731705121',
      'webhook-signature': 'v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=',
    };
    const secret = 'whsec_plJ3nmyCDGBKInavdOK15jsl';
    const body = '{"event_type":"ping","data":{"success":true}}';
    // Its body is no push: only what follows the verification fails.
    expect((await refusal({ headers, body }, secret)).code).toBe('body_unreadable');
    expect((await refusal({ headers, body: body.replace('true', 'null') }, secret)).code).toBe('signature_mismatch');
  });
});

describe('a secret', () => {
  it.each([[''], [' '], [[]], [['']], [undefined], [[undefined]]])('%j counts as missing', (secret) => {
    expect(() => pushes({ secret: secret as string })).toThrow(expect.objectContaining({ code: 'secret_missing' }));
  });

  it.each(['whsec_', 'whsec_%%%', 'whsec_c2hvcnQ='])('%s is malformed, and is not repeated in the error', (secret) => {
    const error = (() => {
      try {
        return pushes({ secret });
      } catch (thrown) {
        return thrown as WebhookError;
      }
    })() as WebhookError;
    expect(error.code).toBe('secret_malformed');
    expect(error.message).not.toContain('c2hvcnQ');
  });

  it('may have white space around it, as a file with it has', async () => {
    const { headers, body } = signed(textPush('hi'));
    await expect(pushes({ secret: `${SECRET}\n` }).read(headers, body)).resolves.toBeDefined();
  });
});

describe('the callback of a call', () => {
  const settled = JSON.stringify({
    type: 'call.settled',
    timestamp: '2026-11-28T14:03:19.600Z',
    data: { id: 'a.b.c' },
  });

  it('is verified by the same rule', async () => {
    const { headers, body } = signed(settled);
    expect((await readCallSettled(headers, body, { secret: SECRET })).data.id).toBe('a.b.c');
    await expect(readCallSettled(headers, `${body} `, { secret: SECRET })).rejects.toMatchObject({
      code: 'signature_mismatch',
    });
    await expect(readCallSettled(headers, JSON.parse(body), { secret: SECRET })).rejects.toMatchObject({
      code: 'raw_body_needed',
    });
  });
});
