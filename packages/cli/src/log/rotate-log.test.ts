import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { rotateLog } from './rotate-log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wx-rotate-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("rotates another program's log when it has become too large, and keeps a few of its predecessors", async () => {
  const path = join(folder, 'redis.log');
  const rotated = rotateLog(path, { maxFileBytes: 10, maxFiles: 3 });
  appendFileSync(path, 'short\n');
  await rotated.check();
  expect(readFileSync(path, 'utf8')).toBe('short\n');
  for (const text of ['first is too long\n', 'second is too long\n', 'third is too long\n']) {
    appendFileSync(path, text);
    await rotated.check();
    expect(existsSync(path)).toBe(false);
  }
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('third is too long\n');
  expect(readFileSync(`${path}.2`, 'utf8')).toBe('second is too long\n');
  expect(existsSync(`${path}.3`)).toBe(false);
  rotated.stop();
});
