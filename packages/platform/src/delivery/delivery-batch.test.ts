import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { databases } from '../../test/database.ts';
import { ACCOUNT, COMPONENT, type Receiver, startReceiver, TestDeliveries } from '../../test/deliveries.ts';
import { until } from '../../test/until.ts';
import { DeliveryStore } from './delivery-store.ts';

const DAY_MS = 24 * 60 * 60_000;
const never = new Promise<never>(() => {});
/** No process listens there, whereas the port of a closed server may be another test's at once. */
const REFUSING_URL = 'http://127.0.0.1:1/';

describe.each(databases)('a batch of deliveries on %s', (kind) => {
  let deliveries: TestDeliveries;
  let receiver: Receiver;
  beforeAll(async () => {
    deliveries = await TestDeliveries.start(kind);
  });
  afterAll(() => deliveries.stop());
  beforeEach(async () => {
    await deliveries.clear();
    receiver = await startReceiver();
  });
  afterEach(() => receiver.close());

  const idsSent = () => receiver.requests.map(({ headers }) => headers['webhook-id']);
  /** When the subscription has its next batch; null: never. */
  const dueAt = async (id: string) => {
    const score = await deliveries.server.redis.zscore('wx:{deliveries}:due', id);
    return score === null ? null : Number(score);
  };

  it('sends what is due, signed, and settles it', async () => {
    const subscription = await deliveries.subscribe(receiver.url);
    const id = await deliveries.push([subscription], { content: '你好' });
    await deliveries.run(subscription);

    expect(receiver.requests).toHaveLength(1);
    const { headers, body } = receiver.requests[0]!;
    expect(JSON.parse(body)).toMatchObject({
      type: 'message.text',
      data: { id, component: COMPONENT, appid: ACCOUNT, fields: { Content: '你好' } },
    });
    expect(headers).toMatchObject({ 'webhook-id': id, 'wx-attempt': '1' });
    const signature = createHmac('sha256', subscription.secrets.signing[0]!.secret)
      .update(`${id}.${headers['webhook-timestamp']}.${body}`)
      .digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${signature}`);

    const { delivery } = (await deliveries.store.find(subscription.id, id))!;
    expect(delivery).toMatchObject({ state: 'delivered', attemptCount: 1, status: 204, code: null, pendingAt: null });
    expect(delivery.settledAt).toBeInstanceOf(Date);
    expect((await deliveries.state(subscription)).lastSuccessAt).toBeInstanceOf(Date);
    expect(await dueAt(subscription.id)).toBeNull();
    const event = { subscription: subscription.id, component: COMPONENT, push: id, result: 'delivered' };
    expect(deliveries.published).toMatchObject([{ ...event, status: 204, code: null, attempt: 1 }]);
  });

  it('sends many, each once, and never more than maxInFlight at once', async () => {
    const subscription = await deliveries.subscribe(receiver.url, { maxInFlight: 7 });
    receiver.answer = () => new Promise((resolve) => setTimeout(() => resolve({ status: 204 }), 5));
    // More than are read at once.
    const ids = await Promise.all(Array.from({ length: 260 }, () => deliveries.push([subscription])));
    await deliveries.run(subscription);
    expect(idsSent().sort()).toEqual(ids.sort());
    expect(receiver.mostOpen).toBeGreaterThan(1);
    expect(receiver.mostOpen).toBeLessThanOrEqual(7);
    expect(await deliveries.store.countPending(subscription.id, 1)).toBe(0);
  });

  it('does not send again what was in flight when a read began, and stored when it ended', async () => {
    const subscription = await deliveries.subscribe(receiver.url);
    const ids = await Promise.all(Array.from({ length: 3 }, () => deliveries.push([subscription])));
    const secondRead = Promise.withResolvers<void>();
    receiver.answer = async () => {
      await secondRead.promise;
      return { status: 204 };
    };
    let reads = 0;
    const read = vi.spyOn(deliveries.store, 'due').mockImplementation(async (...args) => {
      const rows = await DeliveryStore.prototype.due.apply(deliveries.store, args);
      if (++reads === 2) {
        secondRead.resolve();
        await until('all are stored', async () => (await deliveries.store.countPending(subscription.id, 10)) === 0);
      }
      return rows;
    });
    await deliveries.run(subscription).finally(() => read.mockRestore());
    expect(reads).toBeGreaterThan(1);
    expect(idsSent().sort()).toEqual(ids.sort());
  });

  it('repeats a failed delivery later, with the same id, and records the failed attempt', async () => {
    receiver.answer = (_, number) => (number === 1 ? { status: 500, body: 'not now' } : { status: 200 });
    const subscription = await deliveries.subscribe(receiver.url);
    const id = await deliveries.push([subscription]);
    const startedAt = Date.now();
    await deliveries.run(subscription);
    const found = (await deliveries.store.find(subscription.id, id))!;
    expect(found.delivery).toMatchObject({ state: 'pending', attemptCount: 1, status: 500, code: 'status' });
    expect(found.failures).toMatchObject([{ number: 1, status: 500, code: 'status', answer: 'not now' }]);
    // It is stored as a delay, and work takes its time.
    const pendingAt = found.delivery.pendingAt!.getTime();
    const earliest = startedAt + 4_000;
    expect(pendingAt).toBeGreaterThanOrEqual(earliest);
    expect(await dueAt(subscription.id)).toBeGreaterThanOrEqual(earliest);
    expect(await dueAt(subscription.id)).toBeLessThanOrEqual(pendingAt + (Date.now() - startedAt));
    expect(await deliveries.state(subscription)).toMatchObject({
      failures: 1,
      lastFailure: { code: 'status', status: 500 },
    });

    await deliveries.changeDeliveries({ pending_at: Date.now() });
    await deliveries.run(subscription);
    expect(receiver.requests.map(({ headers }) => [headers['webhook-id'], headers['wx-attempt']])).toEqual([
      [id, '1'],
      [id, '2'],
    ]);
    expect((await deliveries.store.find(subscription.id, id))!.delivery).toMatchObject({
      state: 'delivered',
      attemptCount: 2,
    });
    expect((await deliveries.state(subscription)).failures).toBe(0);
    // No answer is in clear.
    expect(JSON.stringify(await deliveries.row(subscription.id, id))).not.toContain('not now');
  });

  it('gives up with a failed attempt after the time; one that waited longer still has its attempt', async () => {
    receiver.answer = () => ({ status: 500 });
    const subscription = await deliveries.subscribe(receiver.url, { giveUpAfterMs: 60_000 });
    const at = new Date(Date.now() - DAY_MS);
    const id = await deliveries.push([subscription], { at });
    await deliveries.run(subscription);
    expect(receiver.requests).toHaveLength(1);
    expect((await deliveries.store.find(subscription.id, id))!.delivery).toMatchObject({
      state: 'dead',
      code: 'gave_up',
      status: 500,
      pendingAt: null,
    });
  });

  it('sends others while one request is not answered', async () => {
    const subscription = await deliveries.subscribe(receiver.url, { maxInFlight: 2, timeoutMs: 60_000 });
    const slow = await deliveries.push([subscription]);
    receiver.answer = ({ headers }) => (headers['webhook-id'] === slow ? never : { status: 204 });
    const shutdown = new AbortController();
    const running = deliveries.run(subscription, shutdown.signal);
    await until('the slow one is sent', () => receiver.requests.length === 1);
    for (let i = 0; i < 5; i++) {
      const id = await deliveries.push([subscription]);
      await until(
        'a later one is delivered',
        async () => (await deliveries.row(subscription.id, id)).state === 'delivered',
      );
    }
    expect(idsSent().filter((id) => id === slow)).toHaveLength(1);
    shutdown.abort();
    await running;
  });

  it('that is aborted ends at once, and what it aborted is no attempt', async () => {
    receiver.answer = () => never;
    const subscription = await deliveries.subscribe(receiver.url);
    const id = await deliveries.push([subscription]);
    const shutdown = new AbortController();
    const running = deliveries.batches.run(subscription.id, shutdown.signal);
    await until('it is sent', () => receiver.requests.length === 1);
    shutdown.abort();
    expect(await running).toEqual({ requeue: true });
    expect((await deliveries.store.find(subscription.id, id))!.delivery).toMatchObject({
      state: 'pending',
      attemptCount: 0,
    });
    receiver.answer = () => ({ status: 204 });
    await deliveries.run(subscription);
    expect(receiver.requests.map(({ headers }) => headers['wx-attempt'])).toEqual(['1', '1']);
  });

  it('does not settle what another process has settled', async () => {
    const subscription = await deliveries.subscribe(receiver.url);
    const id = await deliveries.push([subscription]);
    await Promise.all([
      deliveries.batches.run(subscription.id, new AbortController().signal),
      deliveries.batches.run(subscription.id, new AbortController().signal),
    ]);
    expect((await deliveries.row(subscription.id, id)).attempts).toBe(1);
  });

  it('ends a delivery whose payload no key opens, without an attempt', async () => {
    const subscription = await deliveries.subscribe(receiver.url);
    const id = await deliveries.push([subscription], { change: { sealed: Buffer.alloc(80, 1) } });
    await deliveries.run(subscription);
    expect(receiver.requests).toEqual([]);
    expect((await deliveries.store.find(subscription.id, id))!.delivery).toMatchObject({
      state: 'dead',
      code: 'not_openable',
      attemptCount: 0,
    });
  });

  it('sends a push without a handler in a WeChat program three times, and the circuit stays closed', async () => {
    receiver.answer = () => ({ status: 404 });
    const subscription = await deliveries.subscribe(receiver.url, { format: 'wechat' });
    for (let i = 0; i < 8; i++) await deliveries.push([subscription]);
    for (let attempt = 1; attempt <= 3; attempt++) {
      await deliveries.run(subscription);
      await deliveries.changeDeliveries({ pending_at: Date.now() });
    }
    await deliveries.run(subscription);
    expect(receiver.requests).toHaveLength(24);
    const rows = await deliveries.database.sql.selectFrom('deliveries').selectAll().execute();
    expect(rows.every(({ state, code }) => state === 'dead' && code === 'not_handled')).toBe(true);
    expect(await deliveries.state(subscription)).toMatchObject({ state: 'active', failures: 0 });
  });

  it('holds the whole subscription as long as the receiver asks, without counting it as failing', async () => {
    receiver.answer = () => ({ status: 503, headers: { 'retry-after': '60' } });
    const subscription = await deliveries.subscribe(receiver.url, { maxInFlight: 1 });
    for (let i = 0; i < 10; i++) await deliveries.push([subscription]);
    await deliveries.run(subscription);
    expect(receiver.requests).toHaveLength(1);
    const held = await deliveries.state(subscription);
    expect(held).toMatchObject({ state: 'active', failures: 0 });
    expect(Math.abs((await dueAt(subscription.id))! - held.holdUntil!.getTime())).toBeLessThan(30_000);
    await deliveries.run(subscription);
    expect(receiver.requests).toHaveLength(1);

    await deliveries.changeSubscription(subscription, { hold_until: Date.now() - 1 });
    receiver.answer = () => ({ status: 204 });
    await deliveries.run(subscription);
    expect(receiver.requests).toHaveLength(10);
  });

  it('pauses a subscription whose receiver is gone, with a notice, and sends nothing more', async () => {
    receiver.answer = () => ({ status: 410 });
    const subscription = await deliveries.subscribe(receiver.url, { maxInFlight: 1 });
    for (let i = 0; i < 5; i++) await deliveries.push([subscription]);
    await deliveries.run(subscription);
    await deliveries.run(subscription);
    expect(receiver.requests).toHaveLength(1);
    const paused = await deliveries.state(subscription);
    expect(paused).toMatchObject({ state: 'paused', reason: 'gone' });
    expect(paused.behindSince).toBeInstanceOf(Date);
    expect(deliveries.news).toEqual([
      { subscription: subscription.id, what: 'paused', reason: 'gone', failingSince: null },
    ]);
    const entries = await deliveries.server.redis.xrange('wx:{pushes}:stream', '-', '+');
    expect(entries.map(([, fields]) => fields)).toEqual([expect.arrayContaining(['notice', 'subscription.paused'])]);
    expect(await dueAt(subscription.id)).toBeNull();
  });

  describe('to a receiver that fails', () => {
    it('makes the subscription failing after a few attempts; the others wait and lose none', async () => {
      receiver.answer = () => ({ status: 502 });
      const subscription = await deliveries.subscribe(receiver.url, { maxInFlight: 2 });
      for (let i = 0; i < 50; i++) await deliveries.push([subscription]);
      await deliveries.run(subscription);
      // Five in a row, and what was in flight beside the fifth.
      expect(receiver.requests.length).toBeLessThanOrEqual(6);
      const failing = await deliveries.state(subscription);
      expect(failing).toMatchObject({ state: 'failing', failingSince: expect.any(Date), probeAt: expect.any(Date) });
      expect(failing.probeAt!.getTime() - failing.failingSince!.getTime()).toBe(5_000);
      expect(deliveries.news).toEqual([{ subscription: subscription.id, what: 'failing' }]);
      expect(await dueAt(subscription.id)).toBeGreaterThan(Date.now());
      const { count } = await deliveries.database.sql
        .selectFrom('deliveries')
        .select((eb) => eb.fn.countAll<number | bigint>().as('count'))
        .where('attempts', '>', 0)
        .executeTakeFirstOrThrow();
      expect(Number(count)).toBe(receiver.requests.length);
    });

    it('makes it failing without a connection, even with one push', async () => {
      const subscription = await deliveries.subscribe(REFUSING_URL);
      const id = await deliveries.push([subscription]);
      for (let attempt = 1; attempt <= 5; attempt++) {
        expect((await deliveries.state(subscription)).state).toBe('active');
        await deliveries.changeDeliveries({ pending_at: Date.now() });
        await deliveries.run(subscription);
      }
      expect((await deliveries.state(subscription)).state).toBe('failing');
      expect((await deliveries.store.find(subscription.id, id))!.failures.map(({ code }) => code)).toEqual(
        Array.from({ length: 5 }, () => 'no_connection'),
      );
    });

    it('does not make it failing for one push that always fails, and it is not in the way of the others', async () => {
      const subscription = await deliveries.subscribe(receiver.url);
      const bad = await deliveries.push([subscription]);
      receiver.answer = ({ headers }) => ({ status: headers['webhook-id'] === bad ? 500 : 204 });
      for (let attempt = 1; attempt <= 8; attempt++) {
        await deliveries.changeDeliveries({ pending_at: Date.now() });
        await deliveries.run(subscription);
      }
      expect(await deliveries.state(subscription)).toMatchObject({ state: 'active', failures: 8 });
      await deliveries.push([subscription]);
      await deliveries.run(subscription);
      expect(await deliveries.state(subscription)).toMatchObject({ state: 'active', failures: 0 });
    });

    it('sends one probe at its time, each time another push, and all others after a success', async () => {
      receiver.answer = () => ({ status: 502 });
      const subscription = await deliveries.subscribe(receiver.url, { maxInFlight: 4 });
      for (let i = 0; i < 40; i++) await deliveries.push([subscription]);
      await deliveries.run(subscription);
      const before = receiver.requests.length;

      // The next probe is minutes away, also for a busy machine.
      const failingSince = Date.now() - 3_600_000;
      await deliveries.changeSubscription(subscription, {
        failing_since: failingSince,
        probe_at: Date.now() + 600_000,
      });
      await deliveries.run(subscription);
      expect(receiver.requests).toHaveLength(before);
      for (let probe = 1; probe <= 3; probe++) {
        await deliveries.changeSubscription(subscription, { probe_at: Date.now() - 1 });
        await deliveries.run(subscription);
        expect(receiver.requests).toHaveLength(before + probe);
      }
      expect(new Set(idsSent().slice(before)).size).toBe(3);
      expect((await deliveries.state(subscription)).state).toBe('failing');

      receiver.answer = () => ({ status: 204 });
      await deliveries.changeDeliveries({ pending_at: Date.now() });
      await deliveries.changeSubscription(subscription, { probe_at: Date.now() - 1 });
      await deliveries.run(subscription);
      expect(await deliveries.state(subscription)).toMatchObject({
        state: 'active',
        failures: 0,
        failingSince: null,
        probeAt: null,
      });
      expect(receiver.requests).toHaveLength(before + 3 + 40);
      expect(receiver.mostOpen).toBeLessThanOrEqual(4);
      expect(deliveries.news.map(({ what }) => what)).toEqual(['failing', 'active']);
    });

    it('has one probe, however many batches run', async () => {
      receiver.answer = () => ({ status: 502 });
      const subscription = await deliveries.subscribe(receiver.url);
      for (let i = 0; i < 20; i++) await deliveries.push([subscription]);
      await deliveries.run(subscription);
      const before = receiver.requests.length;
      // The one after it is minutes away.
      await deliveries.changeSubscription(subscription, {
        failing_since: Date.now() - 3_600_000,
        probe_at: Date.now() - 1,
      });
      await Promise.all(Array.from({ length: 5 }, () => deliveries.run(subscription)));
      expect(receiver.requests).toHaveLength(before + 1);
    });

    it('is active again if there is nothing more to send', async () => {
      const subscription = await deliveries.subscribe(receiver.url);
      const failing = { state: 'failing', failing_since: Date.now() - 60_000, probe_at: Date.now() - 1, failures: 9 };
      await deliveries.changeSubscription(subscription, failing);
      await deliveries.run(subscription);
      expect(await deliveries.state(subscription)).toMatchObject({ state: 'active', failures: 0 });
    });

    it('is paused after five days', async () => {
      receiver.answer = () => ({ status: 502 });
      const subscription = await deliveries.subscribe(receiver.url);
      await deliveries.push([subscription]);
      const failingSince = Date.now() - 5 * DAY_MS - 1;
      await deliveries.changeSubscription(subscription, {
        state: 'failing',
        failing_since: failingSince,
        probe_at: Date.now() - 1,
      });
      await deliveries.run(subscription);
      expect(receiver.requests).toEqual([]);
      expect(await deliveries.state(subscription)).toMatchObject({ state: 'paused', reason: 'failing_too_long' });
      expect(deliveries.news.at(-1)).toEqual({
        subscription: subscription.id,
        what: 'paused',
        reason: 'failing_too_long',
        failingSince: new Date(failingSince).toISOString(),
      });
    });
  });

  describe('to a receiver that was asked before', () => {
    const asked = { reply_state: 'asked' };
    const reply = { waitMs: 4_000, late: 'customer_message', fallback: null, maxInFlight: 100 } as const;

    it('hands its reply over, and settles the delivery', async () => {
      receiver.answer = () => ({ status: 200, body: '{"reply":{"type":"text","content":"hello"}}' });
      const subscription = await deliveries.subscribe(receiver.url, { reply });
      const id = await deliveries.push([subscription], { delivery: asked });
      await deliveries.run(subscription);
      const late = { component: COMPONENT, push: id, subscription: subscription.id };
      expect(deliveries.late).toEqual([{ ...late, reply: { type: 'text', content: 'hello' } }]);
      expect(await deliveries.row(subscription.id, id)).toMatchObject({ state: 'delivered', reply_state: 'asked' });
      // Until the job knows what becomes of it.
      expect((await deliveries.store.find(subscription.id, id))!.delivery.reply).toBeNull();
    });

    it.each([
      ['success', { state: 'none', reason: null }],
      ['<html>', { state: 'invalid', reason: 'unreadable_answer' }],
    ])('notes what else it answers: %s', async (body, expected) => {
      receiver.answer = () => ({ status: 200, body });
      const subscription = await deliveries.subscribe(receiver.url, { reply });
      const id = await deliveries.push([subscription], { delivery: asked });
      await deliveries.run(subscription);
      const { delivery } = (await deliveries.store.find(subscription.id, id))!;
      expect(delivery.reply).toEqual({ ...expected, callId: null });
    });

    it.each([
      ['replayed', reply, 'rep_1'],
      ['late_disabled', { ...reply, late: null }, null],
    ])('drops its reply: %s', async (reason, terms, replay) => {
      receiver.answer = () => ({ status: 200, body: '{"reply":{"type":"text","content":"hello"}}' });
      const subscription = await deliveries.subscribe(receiver.url, { reply: terms });
      const id = await deliveries.push([subscription], { delivery: { ...asked, replay } });
      await deliveries.run(subscription);
      const { delivery } = (await deliveries.store.find(subscription.id, id))!;
      expect(delivery.reply).toEqual({ state: 'dropped', reason, callId: null });
      expect(deliveries.late).toEqual([]);
    });

    it('ignores what an endpoint that was not asked answers', async () => {
      receiver.answer = () => ({ status: 200, body: '{"reply":{"type":"text","content":"hello"}}' });
      const subscription = await deliveries.subscribe(receiver.url, { reply });
      const id = await deliveries.push([subscription]);
      await deliveries.run(subscription);
      expect((await deliveries.store.find(subscription.id, id))!.delivery.reply).toBeNull();
      expect(deliveries.late).toEqual([]);
    });
  });
});
