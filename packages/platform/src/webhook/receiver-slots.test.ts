import { beforeEach, describe, expect, it } from 'vitest';
import { type DeliveryEnd, type DeliverySlot, type PostponedDelivery, ReceiverSlots } from './receiver-slots.ts';

const SLOTS = 50;
let now: number;
let slots: ReceiverSlots;
beforeEach(() => {
  now = 1_000;
  slots = new ReceiverSlots({ now: () => now, random: () => 0.5 });
});

const isSlot = (entered: DeliverySlot | PostponedDelivery): entered is DeliverySlot => 'end' in entered;

/** How many of 1,000 deliveries may run at once. */
function enterAll(receiver: string, bytes = 1, all = SLOTS): DeliverySlot[] {
  return Array.from({ length: 1_000 }, () => slots.enter(receiver, bytes, all)).filter(isSlot);
}

function deliver(receiver: string, how: DeliveryEnd, tookMs: number): void {
  const entered = slots.enter(receiver, 1, SLOTS);
  if (!isSlot(entered)) throw new Error('postponed');
  now += tookMs;
  entered.end(how);
}

describe('the slots of a receiver', () => {
  it('are few while it has not answered, and more with each answer, up to half of all', () => {
    expect(enterAll('new:443')).toHaveLength(4);
    for (let i = 0; i < 100; i++) deliver('good:443', 'answered', 20);
    expect(enterAll('good:443')).toHaveLength(25);
    expect(enterAll('other:443')).toHaveLength(4);
  });

  it('reserve half of all for receivers that answer, however many do not', () => {
    const silent = Array.from({ length: 100 }, (_, i) => enterAll(`silent-${i}:443`).length);
    expect(silent.reduce((sum, count) => sum + count)).toBe(25);
    expect(isSlot(slots.enter('new:443', 1, SLOTS))).toBe(false);
  });

  it('let a receiver that answers run beside any number that do not', () => {
    deliver('good:443', 'answered', 20);
    for (let i = 0; i < 100; i++) enterAll(`silent-${i}:443`);
    expect(enterAll('good:443').length).toBeGreaterThan(0);
  });

  it('are given back once, however often the end is reported', () => {
    const [first] = enterAll('a:443');
    first!.end('aborted');
    first!.end('aborted');
    expect(enterAll('a:443')).toHaveLength(1);
  });

  it('exist with a single slot, too', () => {
    expect(enterAll('a:443', 1, 1)).toHaveLength(1);
  });

  it('postpone what waits one after the other, as fast as the receiver answers', () => {
    enterAll('slow:443');
    const waits = Array.from({ length: 3 }, () => slots.enter('slow:443', 1, SLOTS) as PostponedDelivery);
    // The 996 that were postponed before are ahead.
    expect(waits.map(({ afterMs }) => afterMs)).toEqual(waits.map(() => expect.any(Number)));
    for (const { afterMs } of waits) expect(afterMs).toBeLessThanOrEqual(30_000);
    const fresh = new ReceiverSlots({ now: () => now });
    for (let i = 0; i < 4; i++) fresh.enter('slow:443', 1, SLOTS);
    const first = fresh.enter('slow:443', 1, SLOTS) as PostponedDelivery;
    const second = fresh.enter('slow:443', 1, SLOTS) as PostponedDelivery;
    expect(second.afterMs).toBeGreaterThan(first.afterMs);
  });
});

describe('the circuit of a receiver', () => {
  const openIt = () => {
    for (const slot of enterAll('deaf:443')) slot.end('silent');
  };

  it('opens after four deliveries without an answer, and does not touch others', () => {
    openIt();
    expect(slots.enter('deaf:443', 1, SLOTS)).toEqual({ afterMs: 15_000 });
    expect(enterAll('other:443')).toHaveLength(4);
  });

  it('then lets one delivery try, stays open twice as long where that is silent, and closes with an answer', () => {
    openIt();
    now += 10_000;
    const [probe, ...more] = enterAll('deaf:443');
    expect(more).toEqual([]);
    probe!.end('silent');
    expect(slots.enter('deaf:443', 1, SLOTS)).toEqual({ afterMs: 25_000 });
    now += 20_000;
    deliver('deaf:443', 'answered', 20);
    expect(enterAll('deaf:443').length).toBeGreaterThan(1);
  });

  it('is not opened by deliveries that the process gave up itself', () => {
    for (let i = 0; i < 10; i++) deliver('a:443', 'aborted', 1);
    expect(enterAll('a:443')).toHaveLength(4);
  });
});

it('bodies in flight are bounded by their bytes, whatever the slots allow; a larger one is sent alone', () => {
  for (let i = 0; i < 100; i++) deliver('good:443', 'answered', 20);
  expect(enterAll('good:443', 8 * 1024 * 1024)).toHaveLength(4);
  expect(isSlot(slots.enter('other:443', 1, SLOTS))).toBe(false);
  const empty = new ReceiverSlots();
  expect(isSlot(empty.enter('a:443', 100 * 1024 * 1024, SLOTS))).toBe(true);
});
