import { describe, expect, it } from 'vitest';
import { until } from '../../test/until.ts';
import type { BulkStep } from '../database/bulk.ts';
import { SettleBatch } from './settle-batch.ts';
import type { SettledAttempt } from './settle-steps.ts';

/** A writer whose transactions end when the test says so. */
class SlowWriter {
  readonly rows: number[] = [];
  readonly #ends: PromiseWithResolvers<'done'>[] = [];

  write(steps: readonly BulkStep[]): Promise<'done'> {
    const [first] = steps;
    this.rows.push(first && 'each' in first ? first.values.length / first.width : 0);
    const end = Promise.withResolvers<'done'>();
    this.#ends.push(end);
    return end.promise;
  }

  end(error?: Error): void {
    const end = this.#ends.shift()!;
    if (error) end.reject(error);
    else end.resolve('done');
  }
}

function settled(number: number): SettledAttempt {
  const key = { subscription: 'sub_1', push: String(number).padStart(26, '0') };
  const change = { state: 'delivered', pendingAt: null, status: 204, code: null, ms: 1 } as const;
  return { ...key, attempts: 0, isAttempt: true, ...change, at: new Date() };
}

const lost = () => Object.assign(new Error('lost'), { code: 'ECONNRESET' });

describe('the settle batch', () => {
  it('writes 200 outcomes at once, and what comes during a write with the next one', async () => {
    const writer = new SlowWriter();
    const settles = new SettleBatch(writer);
    const first = Array.from({ length: 250 }, (_, i) => settles.add(settled(i)));
    expect(writer.rows).toEqual([200]);
    const second = Array.from({ length: 30 }, (_, i) => settles.add(settled(1_000 + i)));
    settles.flush();
    expect(writer.rows).toEqual([200]);
    writer.end();
    await Promise.all(first.slice(0, 200));
    await until('the rest is written', () => writer.rows.length === 2);
    expect(writer.rows).toEqual([200, 80]);
    writer.end();
    await Promise.all([...first, ...second]);
  });

  it('waits for more, but not for long', async () => {
    const writer = new SlowWriter();
    const settles = new SettleBatch(writer);
    const both = [settles.add(settled(1)), settles.add(settled(2))];
    expect(writer.rows).toEqual([]);
    await until('they are written', () => writer.rows.length === 1);
    expect(writer.rows).toEqual([2]);
    writer.end();
    await Promise.all(both);
  });

  it('repeats a transaction whose connection was lost, and fails with another error', async () => {
    const writer = new SlowWriter();
    const settles = new SettleBatch(writer);
    const repeated = settles.add(settled(1));
    settles.flush();
    writer.end(lost());
    await until('it is repeated', () => writer.rows.length === 2);
    writer.end();
    await repeated;
    const failed = settles.add(settled(2));
    settles.flush();
    await until('it is written', () => writer.rows.length === 3);
    writer.end(new Error('no such table'));
    await expect(failed).rejects.toThrow('no such table');
    // The next one is not affected.
    const next = settles.add(settled(3));
    settles.flush();
    await until('it is written', () => writer.rows.length === 4);
    writer.end();
    await next;
  });

  it('stores what waits when it is closed, and does not wait for a database that is away', async () => {
    const writer = new SlowWriter();
    const settles = new SettleBatch(writer);
    const waiting = settles.add(settled(1));
    const closing = settles.close();
    writer.end(lost());
    await expect(waiting).rejects.toThrow('lost');
    await closing;
  });
});
