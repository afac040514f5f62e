import { expect, it } from 'vitest';
import { progressOf, share, words } from './progress.ts';
import { readEvents } from './read-events.ts';
import type { ShownSync } from './shown-sync.ts';

const sync: ShownSync = {
  id: 's',
  state: 'running',
  phase: 'details',
  details: true,
  listed: 20_000,
  detailed: 5_000,
  total: 20_000,
  ratePerSecond: 4_321,
  waitingUntil: null,
  error: null,
};

it('says how far it is', () => {
  expect(words(sync)).toBe(' 28 %  details  5,000 of 20,000  4,321/s');
  expect(words({ ...sync, state: 'paused', ratePerSecond: null })).toBe(' 28 %  paused  5,000 of 20,000');
  expect(words({ ...sync, waitingUntil: 'T', error: { message: 'closed' } })).toContain('waits until T (closed)');
});

it('only ever grows, and is whole at the end', () => {
  const course: ShownSync[] = [
    { ...sync, phase: 'listing', listed: 0, detailed: 0, total: null },
    { ...sync, phase: 'listing', listed: 10_000, detailed: 0 },
    sync,
    { ...sync, detailed: 20_000 },
    { ...sync, phase: 'finishing', detailed: 20_000 },
    { ...sync, state: 'completed', phase: 'finishing' },
  ];
  const shares = course.map(share);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(shares.at(-1)).toBe(1);
});

it('moves one bar on a terminal, within its width', () => {
  const written: string[] = [];
  const out = { isTTY: true, columns: 50, write: (text: string) => written.push(text) };
  const progress = progressOf(out as never);
  for (const detailed of [0, 10_000, 20_000]) progress.show({ ...sync, detailed });
  progress.show({ ...sync, state: 'completed', phase: 'finishing', detailed: 20_000 });
  progress.end();
  expect(written.pop()).toBe('\n');
  const bars = written.map((text) => text.replace('\r\x1b[2K', ''));
  expect(bars.every((bar) => bar.length < 50 && !bar.includes('\n'))).toBe(true);
  const filled = bars.map((bar) => bar.split('#').length - 1);
  expect(filled).toEqual([...filled].sort((a, b) => a - b));
  expect(bars.at(-1)).toContain(`[${'#'.repeat(30)}] 100 %`);
});

it('writes lines where there is no terminal, one for each tenth', () => {
  const written: string[] = [];
  const progress = progressOf({ isTTY: false, write: (text: string) => written.push(text) } as never);
  for (let detailed = 0; detailed <= 20_000; detailed += 100) progress.show({ ...sync, detailed });
  expect(written.length).toBeLessThanOrEqual(11);
  expect(written.every((line) => line.endsWith('\n') && !line.includes('\r'))).toBe(true);
});

it('reads events that come in pieces, and no heartbeat', async () => {
  async function* pieces() {
    for (const text of ['event: sync\nda', 'ta: {"a":1}\n\n:\n\n', 'data: 2\n', '\ndata: unfinished'])
      yield Buffer.from(text);
  }
  const seen: string[] = [];
  for await (const data of readEvents(pieces())) seen.push(data);
  expect(seen).toEqual(['{"a":1}', '2']);
});
