import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import express from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { type DeliveredPush, pushes, reply, type WebhookError } from '../src/index.ts';
import { OTHER_SECRET, pushOf, SECRET, signed, textPush } from './signed.ts';

const open: { close(): void; closeAllConnections(): void }[] = [];

afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Received {
  readonly status: number;
  readonly body: unknown;
}

async function post(
  url: string,
  { headers, body }: { headers: Record<string, string>; body: string },
): Promise<Received> {
  const response = await fetch(url, { method: 'POST', headers, body });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
}

/** The receiver of the example in the README, and what it reports. */
function echo() {
  const errors: unknown[] = [];
  const app = pushes({ secret: SECRET, maxBodyBytes: 10_000, onError: (error) => errors.push(error) }).on(
    'message.text',
    (push) => reply.text(`You said ${push.data.fields.Content}`),
  );
  return { app, errors };
}

const echoed = { status: 200, body: { reply: { type: 'text', content: 'You said 你好' } } };

describe.each([
  ['node:http', (app: ReturnType<typeof pushes>) => listen((request, response) => void app.node(request, response))],
  ['Express', (app: ReturnType<typeof pushes>) => listen(express().post('/', app.node))],
  [
    'Express after express.raw()',
    (app: ReturnType<typeof pushes>) => listen(express().use(express.raw({ type: '*/*' }), app.node)),
  ],
  [
    'Express after a parser of other types',
    (app: ReturnType<typeof pushes>) => listen(express().use(express.json({ type: 'other' }), app.node)),
  ],
  [
    'a server that keeps the raw body',
    (app: ReturnType<typeof pushes>) =>
      listen(
        express().use(
          express.json({ verify: (request, _, bytes) => void Object.assign(request, { rawBody: bytes }) }),
          app.node,
        ),
      ),
  ],
  [
    'fetch',
    async (app: ReturnType<typeof pushes>) => {
      const url = await listen(async (request, response) => {
        const parts: Buffer[] = [];
        for await (const part of request) parts.push(part as Buffer);
        const { status, headers, body } = await app.fetch(
          new Request(url, {
            method: request.method!,
            headers: request.headers as Record<string, string>,
            ...(request.method === 'POST' ? { body: Buffer.concat(parts) } : {}),
          }),
        );
        response
          .writeHead(status, Object.fromEntries(headers))
          .end(body ? Buffer.from(await new Response(body).arrayBuffer()) : undefined);
      });
      return url;
    },
  ],
])('a receiver in %s', (_, serve) => {
  it('answers with the reply of the handler, and 204 without one', async () => {
    const { app, errors } = echo();
    const url = await serve(app);
    expect(await post(url, signed(textPush('你好')))).toEqual(echoed);
    expect(await post(url, signed(pushOf('message.image', {})))).toEqual({ status: 204, body: undefined });
    expect(errors).toEqual([]);
  });

  it('refuses what is not signed with its secret, what is too large and what is not a POST', async () => {
    const { app, errors } = echo();
    const url = await serve(app);
    expect(await post(url, signed(textPush('hi'), { secrets: [OTHER_SECRET] }))).toMatchObject({
      status: 401,
      body: { code: 'signature_mismatch' },
    });
    expect(await post(url, signed(textPush('x'.repeat(20_000))))).toMatchObject({
      status: 413,
      body: { code: 'body_too_large' },
    });
    expect(errors).toMatchObject([{ code: 'signature_mismatch' }, { code: 'body_too_large' }]);
    const got = await fetch(url, { headers: { accept: 'application/json' } });
    expect(got.status).toBeGreaterThanOrEqual(404);
  });
});

describe('a receiver whose body was parsed before it', () => {
  it('by express.json() answers 500, names it in the answer, and reports it', async () => {
    const { app, errors } = echo();
    const url = await listen(express().use(express.json(), app.node));
    const { status, body } = await post(url, signed(textPush('hi')));
    expect([status, body]).toEqual([
      500,
      { code: 'raw_body_needed', detail: expect.stringContaining('express.json()') as string },
    ]);
    expect(errors).toMatchObject([{ code: 'raw_body_needed' }]);
  });

  it('as a request of fetch that was read before answers 500, too', async () => {
    const { app, errors } = echo();
    const request = new Request('http://receiver/', { method: 'POST', ...signed(textPush('hi')) });
    await request.json();
    expect((await app.fetch(request)).status).toBe(500);
    expect(errors).toMatchObject([{ code: 'raw_body_needed' }]);
  });
});

describe('a handler', () => {
  async function handled(app: ReturnType<typeof pushes>, body: string, headers: Record<string, string> = {}) {
    return app.fetch(new Request('http://receiver/', { method: 'POST', ...signed(body, { headers }) }));
  }

  it('of the exact type comes before one of a beginning, and a longer beginning before a shorter one', async () => {
    const by: string[] = [];
    const app = pushes({ secret: SECRET })
      .on('event.*', () => void by.push('event.*'))
      .on('event.kf_*', () => void by.push('event.kf_*'))
      .on('event.subscribe', () => void by.push('event.subscribe'))
      .otherwise((push) => void by.push(`otherwise ${push.type}`));
    for (const type of ['event.subscribe', 'event.kf_close_session', 'event.view', 'message.next_years_type']) {
      await handled(app, pushOf(type, {}));
    }
    expect(by).toEqual(['event.subscribe', 'event.kf_*', 'event.*', 'otherwise message.next_years_type']);
  });

  it('is unique for its pattern, which has a * at its end only', () => {
    const app = pushes({ secret: SECRET }).on('message.*', () => undefined);
    expect(() => app.on('message.*', () => undefined)).toThrow('"message.*" has a handler already');
    expect(() => app.on('*.text', () => undefined)).toThrow('"*.text" has a * before its end');
  });

  it('sees how the push was delivered', async () => {
    const seen: DeliveredPush['delivery'][] = [];
    const app = pushes({ secret: SECRET }).otherwise(({ delivery }) => void seen.push(delivery));
    await handled(app, textPush('hi'));
    await handled(app, textPush('hi'), {
      'wx-attempt': '3',
      'wx-reply-within-ms': '3950',
      'wx-reply-before': '2026-11-28T14:03:23.600Z',
      'wx-replay': 'rpl_1',
      'wx-test': 'true',
    });
    const id = '1lglnp7f58elovunc37204hdd3';
    expect(seen).toEqual([
      { id, attempt: 1, replyWithinMs: undefined, replyBefore: undefined, replay: undefined, test: false },
      {
        ...{ id, attempt: 3, replyWithinMs: 3950, replyBefore: new Date('2026-11-28T14:03:23.600Z') },
        ...{ replay: 'rpl_1', test: true },
      },
    ]);
  });

  it('that throws is answered 500 without its error, which is reported with the push', async () => {
    const reported: [unknown, string | undefined][] = [];
    const app = pushes({ secret: SECRET, onError: (error, push) => reported.push([error, push?.data.id]) }).otherwise(
      async () => {
        throw new Error('the database at 10.0.0.5 refused');
      },
    );
    const response = await handled(app, textPush('hi'));
    expect([response.status, await response.text()]).toEqual([500, expect.not.stringContaining('10.0.0.5')]);
    expect(reported).toEqual([[new Error('the database at 10.0.0.5 refused'), '1lglnp7f58elovunc37204hdd3']]);
  });

  it.each([['a text'], [{ type: 'poem' }], [{ type: 'text' }], [{ type: 'news', articles: [] }]])(
    'that returns %j has returned no reply: 500',
    async (returned) => {
      const errors: unknown[] = [];
      const app = pushes({ secret: SECRET, onError: (error) => errors.push(error) }).otherwise(() => returned as never);
      expect((await handled(app, textPush('hi'))).status).toBe(500);
      expect(errors).toEqual([expect.any(TypeError)]);
    },
  );

  it('that replies later is answered 202', async () => {
    const app = pushes({ secret: SECRET }).otherwise(() => reply.later());
    expect((await handled(app, textPush('hi'))).status).toBe(202);
  });
});

describe('a request of node:http that ends before its body is complete', () => {
  it('is reported, and the receiver continues', async () => {
    const { app, errors } = echo();
    const url = await listen((request, response) => void app.node(request, response));
    const { headers, body } = signed(textPush('你好'));
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const head = Object.entries({ ...headers, 'content-length': '5000' }).map(([name, value]) => `${name}: ${value}`);
    socket.write(`POST / HTTP/1.1\r\nhost: receiver\r\n${head.join('\r\n')}\r\n\r\n{"type"`, () => socket.destroy());
    await expect.poll(() => errors.length).toBe(1);
    expect((errors[0] as WebhookError).code).toBe('ECONNRESET');
    expect(await post(url, { headers, body })).toEqual(echoed);
  });

  it('with a body in parts that is too large is refused while it arrives', async () => {
    const { app, errors } = echo();
    const url = await listen((request, response) => void app.node(request, response));
    const endless = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(4_000)) });
    const { headers } = signed(textPush('hi'));
    await fetch(url, { method: 'POST', headers, body: endless, duplex: 'half' } as RequestInit).catch(() => undefined);
    await expect.poll(() => errors).toMatchObject([{ code: 'body_too_large' }]);
  });
});
