import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { migrate } from './migrate.ts';
import { openDatabase } from './open.ts';

const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});
function newUrl(): string {
  const dir = mkdtempSync(join(tmpdir(), 'wxthirdparty-migrate-'));
  dirs.push(dir);
  return `sqlite:${join(dir, 'deep', 'm.sqlite')}`;
}

it('runs what is pending, once', async () => {
  const url = newUrl();
  expect(await migrate(url)).toContain('0001-first');
  expect(await migrate(url)).toEqual([]);
});

it('is safe when several processes start at once', async () => {
  const url = newUrl();
  const module = fileURLToPath(new URL('./migrate.ts', import.meta.url));
  const script = `import { migrate } from ${JSON.stringify(module)}; console.log(JSON.stringify(await migrate(process.argv[1])));`;
  const runs = await Promise.all(
    Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, url])),
  );
  const applied = runs.map(({ stdout }) => (JSON.parse(stdout) as string[]).length);
  expect(applied.filter((count) => count > 0)).toHaveLength(1);
});

it('says which file it cannot open', async () => {
  const url = newUrl();
  await migrate(url);
  // A file stands where a folder is needed.
  const db = openDatabase(`${url}/x.sqlite`);
  await expect(db.selectFrom('components').selectAll().execute()).rejects.toThrow('m.sqlite/x.sqlite');
});

it('names what a database URL must look like', () => {
  expect(() => openDatabase('postgres://x')).toThrow('DATABASE_URL');
});
