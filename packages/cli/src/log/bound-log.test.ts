import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { boundLog } from './bound-log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wx-bound-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("empties another program's log when it has become too large, and keeps what it held", async () => {
  const path = join(folder, 'redis.log');
  const bounded = boundLog(path, 10);
  appendFileSync(path, 'short\n');
  await bounded.check();
  expect(readFileSync(path, 'utf8')).toBe('short\n');
  appendFileSync(path, 'longer than the bound\n');
  await bounded.check();
  expect(readFileSync(path, 'utf8')).toBe('');
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('short\nlonger than the bound\n');
  bounded.stop();
});
