import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { consoleStamp, ensureConsole, servesConsole } from '../bootstrap/console-build.mjs';

/** In the place of Vite: it counts its runs, and fails on request. */
const VITE = `
const { appendFileSync, mkdirSync, writeFileSync, existsSync } = require('node:fs');
appendFileSync('runs', '.');
if (existsSync('src/broken.ts')) { console.error('broken.ts is broken'); process.exit(1); }
mkdirSync('dist', { recursive: true });
writeFileSync('dist/index.html', '');
`;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wxthirdparty-console-'));
  write('pnpm-lock.yaml', 'lock');
  for (const file of ['index.html', 'package.json', 'vite.config.ts', 'build/a.ts', 'src/main.tsx'])
    write(`packages/console/${file}`, '');
  write('packages/console/node_modules/vite/bin/vite.js', VITE);
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const ensure = () => ensureConsole(root, process.execPath);
const runs = () =>
  existsSync(join(root, 'packages/console/runs'))
    ? readFileSync(join(root, 'packages/console/runs'), 'utf8').length
    : 0;

describe('the console', () => {
  it('is built for commands that serve it', () => {
    expect(['start', 'node', 'gateway'].every(servesConsole)).toBe(true);
    expect(['worker', 'simulator', 'doctor', undefined].some(servesConsole)).toBe(false);
  });

  it('is built once, and again after a change of its sources or of the lockfile', async () => {
    expect(await ensure()).toBe(true);
    expect(await ensure()).toBe(true);
    expect(runs()).toBe(1);
    write('packages/console/src/ui/new.tsx', '');
    await ensure();
    write('pnpm-lock.yaml', 'other');
    await ensure();
    expect(runs()).toBe(3);
  });

  it('is built once by several processes that start together', async () => {
    expect(await Promise.all([ensure(), ensure(), ensure()])).toEqual([true, true, true]);
    expect(runs()).toBe(1);
  });

  it('does not depend on its tests', () => {
    const stamp = consoleStamp(root);
    write('packages/console/src/ui/new.test.ts', '');
    expect(consoleStamp(root)).toBe(stamp);
  });

  it('is absent after a failed build, which is reported and repeated', async () => {
    write('packages/console/src/broken.ts', '');
    expect(await ensure()).toBe(false);
    expect(vi.mocked(console.error).mock.calls.join()).toContain('broken.ts is broken');
    expect(await ensure()).toBe(false);
    expect(runs()).toBe(2);
  });

  it('is taken as it is where nothing can build it', async () => {
    rmSync(join(root, 'packages/console/node_modules'), { recursive: true });
    expect(await ensure()).toBe(false);
    write('packages/console/dist/index.html', '');
    expect(await ensure()).toBe(true);
    expect(runs()).toBe(0);
  });
});
