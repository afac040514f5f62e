import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { installDebianPackage } from './debian-package.mjs';
import { Sentence } from './sentence.mjs';

const MANUAL = 'Install it manually; the tests need it to run at other times of the day.';
/** A program that starts on a busy machine takes its time. */
const CLOSE_MS = 10 * 60_000;
const LIBRARY = join('faketime', 'libfaketime.so.1');

/**
 * libfaketime, for `npm run test:clock` only; if it is missing, root on Debian and Ubuntu installs it.
 * @returns {string} its absolute path
 */
export function ensureFakeTime() {
  const found = findFakeTime() ?? (installDebianPackage('faketime', undefined, MANUAL) ? findFakeTime() : undefined);
  if (!found) throw new Sentence(howToGetFakeTime());
  return found;
}

/** @param {string[]} [folders] */
export function findFakeTime(folders = libraryFolders()) {
  return folders.map((folder) => join(folder, LIBRARY)).find((path) => existsSync(path));
}

/** What to type, in one sentence, on the systems that people have. */
export function howToGetFakeTime() {
  return 'No libfaketime was found, and the tests need it to run at other times of the day. Install it – Debian or Ubuntu: "sudo apt-get install faketime"; Fedora: "sudo dnf install libfaketime"; Arch: "sudo pacman -S libfaketime" – or let the continuous integration run "npm run test:clock".';
}

/**
 * The environment in which a program and all that it starts see another time.
 * @param {string} library path of libfaketime
 * @param {{ at: string, zone: string }} clock
 */
export function shiftedClock(library, { at, zone }) {
  const shiftSeconds = Math.round((Date.parse(at) - Date.now()) / 1_000);
  const preloaded = [library];
  // Debian's redis-server hangs under libfaketime alone: its allocator needs libc's own functions before libfaketime has
  // found them.
  if (existsSync(join(dirname(library), '..', 'libc.so.6'))) preloaded.push('libc.so.6');
  return {
    TZ: zone,
    LD_PRELOAD: preloaded.join(':'),
    // An offset, not a start: processes started at different moments agree.
    FAKETIME: `${shiftSeconds < 0 ? '' : '+'}${shiftSeconds}`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

/**
 * Throws if a program does not see the clock; then the tests would only repeat themselves.
 * @param {string} node
 * @param {Record<string, string>} env
 * @param {{ at: string, zone: string }} clock
 */
export function assertShifted(node, env, { at, zone }) {
  const { stdout } = spawnSync(node, ['-p', 'Date.now()'], { encoding: 'utf8', env: { ...process.env, ...env } });
  if (!(Math.abs(Number(stdout) - Date.parse(at)) < CLOSE_MS)) {
    throw new Sentence(
      `libfaketime has no effect on ${node}: it should be ${at} there (zone ${zone}). Run the tests with a Node that is linked dynamically.`,
    );
  }
}

/** Debian keeps libraries in a folder per architecture. */
function libraryFolders() {
  const usual = ['/usr/lib', '/usr/lib64', '/usr/local/lib'];
  const perArchitecture = existsSync('/usr/lib')
    ? readdirSync('/usr/lib').filter((name) => name.includes('-linux-'))
    : [];
  return [...perArchitecture.map((name) => join('/usr/lib', name)), ...usual];
}
