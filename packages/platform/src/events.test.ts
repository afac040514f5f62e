import { describe, expect, it } from 'vitest';
import { type EventPayloads, Events } from './events.ts';

const ready = { component: 'wxc', ready: true, reasons: [] };

describe('the emitter', () => {
  it('calls the listeners of an event at once, in the order of their subscriptions, and no others', () => {
    const events = new Events();
    const calls: unknown[] = [];
    events.subscribe('readiness', (payload) => calls.push(['first', payload]));
    events.subscribe('readiness', (payload) => calls.push(['second', payload]));
    events.subscribe('host', () => calls.push('other'));
    events.publish('readiness', ready);
    expect(calls).toEqual([
      ['first', ready],
      ['second', ready],
    ]);
  });

  it('publishes without listeners', () => {
    expect(() => new Events().publish('readiness', ready)).not.toThrow();
  });

  it('ends a subscription by the function that it returned, once, and only that one', () => {
    const events = new Events();
    let calls = 0;
    const listener = () => void calls++;
    const unsubscribe = events.subscribe('readiness', listener);
    events.subscribe('readiness', listener);
    unsubscribe();
    unsubscribe();
    events.publish('readiness', ready);
    expect(calls).toBe(1);
  });

  it('lets a listener unsubscribe and subscribe while it is called; both count from the next event on', () => {
    const events = new Events();
    const calls: string[] = [];
    const unsubscribe = events.subscribe('readiness', () => {
      calls.push('once');
      unsubscribe();
      events.subscribe('readiness', () => calls.push('later'));
    });
    events.subscribe('readiness', () => calls.push('always'));
    events.publish('readiness', ready);
    events.publish('readiness', ready);
    expect(calls).toEqual(['once', 'always', 'always', 'later']);
  });
});

describe('a listener that throws', () => {
  it('harms neither the publisher nor the other listeners, and its error is reported once', () => {
    const events = new Events();
    const calls: string[] = [];
    const errors: EventPayloads['listener-error'][] = [];
    events.subscribe('listener-error', (payload) => errors.push(payload));
    events.subscribe('readiness', () => calls.push('before'));
    events.subscribe('readiness', () => {
      throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC' });
    });
    events.subscribe('readiness', () => calls.push('after'));
    events.publish('readiness', ready);
    expect(calls).toEqual(['before', 'after']);
    expect(errors).toEqual([{ event: 'readiness', code: 'ENOSPC', message: 'the disk is full' }]);
  });

  it('is not reported to itself', () => {
    const events = new Events();
    const errors: unknown[] = [];
    events.subscribe('listener-error', () => {
      throw new Error('the report fails');
    });
    events.subscribe('listener-error', (payload) => errors.push(payload));
    events.subscribe('readiness', () => {
      throw new Error('the listener fails');
    });
    events.publish('readiness', ready);
    expect(errors).toEqual([{ event: 'readiness', message: 'the listener fails' }]);
  });
});
