import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFile } from './log-file.ts';
import { LogWriter } from './log-writer.ts';

describe('a log writer', () => {
  it('writes the lines of one tick together, in order', async () => {
    const batches: string[] = [];
    const writer = new LogWriter(async (batch) => void batches.push(batch.toString()));
    writer.write('one\n');
    writer.write('two\n');
    await writer.close();
    expect(batches).toEqual(['one\ntwo\n']);
  });

  it('drops what a full disk refuses, and says how much when there is space again', async () => {
    let full = true;
    const written: string[] = [];
    const writer = new LogWriter(
      async (batch) => {
        if (full) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
        written.push(batch.toString());
      },
      { retryMs: 1 },
    );
    for (let i = 0; i < 3; i++) {
      writer.write(`lost ${i}\n`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    full = false;
    await expect
      .poll(() => {
        writer.write('kept\n');
        return written.join('');
      })
      .toContain('kept');
    const [first, second] = written.join('').split('\n');
    expect(JSON.parse(first!)).toMatchObject({ level: 40, dropped: 3, msg: 'log lines were dropped' });
    expect(second).toBe('kept');
  });

  it('bounds what waits for a target that has stopped, and closes all the same', async () => {
    const writer = new LogWriter(() => new Promise(() => {}), { maxPendingBytes: 100 });
    for (let i = 0; i < 1_000; i++) writer.write('0123456789\n');
    await writer.close();
  });
});

describe('a log file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wx-log-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is rotated while it is written, and so are its predecessors, of which there are a few', async () => {
    const path = join(folder, 'the.log');
    const file = new LogFile(path, { maxFileBytes: 20, maxFiles: 3 });
    for (let i = 1; i <= 9; i++) await file.write(Buffer.from(`line ${i} ..\n`));
    await file.close();
    const contents = ['the.log', 'the.log.1', 'the.log.2'].map((name) => readFileSync(join(folder, name), 'utf8'));
    expect(contents).toEqual(['line 9 ..\n', 'line 7 ..\nline 8 ..\n', 'line 5 ..\nline 6 ..\n']);
    expect(existsSync(`${path}.3`)).toBe(false);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('goes on where an earlier process ended', async () => {
    const path = join(folder, 'the.log');
    writeFileSync(path, 'before\n');
    const file = new LogFile(path, { maxFileBytes: 10, maxFiles: 2 });
    await file.write(Buffer.from('after\n'));
    await file.close();
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('before\n');
    expect(readFileSync(path, 'utf8')).toBe('after\n');
  });

  it('loses and cuts no line at a rotation, however much is written, and has six files at most', async () => {
    const path = join(folder, 'the.log');
    const file = new LogFile(path, { maxFileBytes: 64 * 1024 });
    let mostFiles = 0;
    const writer = new LogWriter(async (batch) => {
      await file.write(batch);
      mostFiles = Math.max(mostFiles, readdirSync(folder).length);
    });
    const total = 20_000;
    for (let number = 0; number < total; number++) {
      writer.write(`${JSON.stringify({ number, text: 'x'.repeat(number % 200) })}\n`);
      // As lines come in a process: some in each tick.
      if (number % 50 === 0) await new Promise(setImmediate);
    }
    await expect
      .poll(() => readFileSync(path, 'utf8').trimEnd().split('\n').at(-1))
      .toContain(`"number":${total - 1},`);
    await writer.close();
    await file.close();
    expect(mostFiles).toBe(6);
    const files = ['.5', '.4', '.3', '.2', '.1', ''].map((suffix) => readFileSync(path + suffix, 'utf8'));
    for (const text of files) expect(text.endsWith('\n')).toBe(true);
    const numbers = files.flatMap((text) =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { number: number }).number),
    );
    expect(numbers.length).toBeGreaterThan(1_000);
    expect(numbers).toEqual(Array.from(numbers, (_, i) => total - numbers.length + i));
  });

  it.runIf(existsSync('/dev/full'))('reports a full disk as an error of that write', async () => {
    const path = join(folder, 'full.log');
    symlinkSync('/dev/full', path);
    const file = new LogFile(path);
    await expect(file.write(Buffer.from('line\n'))).rejects.toMatchObject({ code: 'ENOSPC' });
    await file.close();
  });
});
