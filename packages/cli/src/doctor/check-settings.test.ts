import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { INSTALLED_STAMP, stamp } from '../../bootstrap/install.mjs';
import { root } from '../root.ts';
import { type CheckedSettings, checkSettings, isOlder, MIN_NODE, unknownNames } from './check-settings.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wx-doctor-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The codes of the faults; those that only warn are in parentheses. */
function codes(changes: Partial<CheckedSettings> = {}): string[] {
  const finding = checkSettings({ env: {}, faults: [], folder, nodeVersion: MIN_NODE, ...changes });
  if (!('faults' in finding)) throw new Error('it was skipped');
  return finding.faults.map(({ code, status }) => (status === 'warn' ? `(${code})` : code));
}

it('finds nothing in a folder without .env', () => {
  expect(codes()).toEqual([]);
});

it('names a Node that is too old', () => {
  expect(codes({ nodeVersion: '22.18.0' })).toEqual(['node_too_old']);
  expect(isOlder('22.19.0', MIN_NODE)).toBe(false);
  expect(isOlder('24.0.0', MIN_NODE)).toBe(false);
  expect(isOlder('20.19.0', MIN_NODE)).toBe(true);
});

it('has the version of Node that the installed command line requires', () => {
  expect(readFileSync(join(root, 'packages/wxthirdparty/bin/wxthirdparty.mjs'), 'utf8')).toContain(
    `needs Node ${MIN_NODE} or newer`,
  );
});

it('warns of a .env that others can read', () => {
  const file = join(folder, '.env');
  writeFileSync(file, 'API_KEY=x\n');
  chmodSync(file, 0o640);
  expect(codes()).toEqual(['(env_readable)']);
  chmodSync(file, 0o600);
  expect(codes()).toEqual([]);
});

it('names packages that are not those of the lockfile', () => {
  mkdirSync(join(folder, 'node_modules'));
  for (const file of ['pnpm-lock.yaml', 'package.json', 'pnpm-workspace.yaml']) writeFileSync(join(folder, file), '1');
  writeFileSync(join(folder, INSTALLED_STAMP), stamp(folder));
  expect(codes()).toEqual([]);
  writeFileSync(join(folder, 'pnpm-lock.yaml'), '2');
  expect(codes()).toEqual(['packages_differ']);
});

it('repeats what cannot be used, and names weak secrets', () => {
  expect(codes({ faults: ['PORT must be a whole number.'] })).toEqual(['setting_unusable']);
  expect(codes({ env: { HOST: '0.0.0.0', API_KEY: 'short', ADMIN_PASSWORD: 'password' } })).toEqual([
    'weak_secret',
    'weak_secret',
  ]);
});

it('warns of names that look like settings', () => {
  expect(codes({ env: { WX_COMPONENT_APID: 'x' } })).toEqual(['(unknown_name)']);
  expect(unknownNames(['WX_TOKEN', 'WX_SECRET', 'REDIS_URL', 'REDIS_URL_FILE', 'REDIS_PASSWORD', 'HOME'])).toEqual([]);
  expect(unknownNames(['REDIS_PORT_6379_TCP', 'REDIS_SERVICE_HOST'])).toEqual([]);
  expect(unknownNames(['REDIS_PREFX', 'WX_KEY'])).toEqual(['REDIS_PREFX', 'WX_KEY']);
});
