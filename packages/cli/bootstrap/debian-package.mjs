import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { findProgram } from './program.mjs';
import { Sentence } from './sentence.mjs';

const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Installs a server's package where that is possible: as root on Debian and Ubuntu. False where it is not. The machine
 * gets a program, not a service.
 * @param {string} name of the package
 * @param {string | undefined} service of systemd, that it brings
 * @param {string} byHand what to do where apt-get fails
 */
export function installDebianPackage(name, service, byHand) {
  if (process.getuid?.() !== 0 || !findProgram(['apt-get'])) return false;
  console.error(`Installing ${name} …`);
  // Debian starts a service right after installing it. This file forbids it; it is the documented way (invoke-rc.d).
  const forbidding = !existsSync(POLICY);
  if (forbidding) {
    writeFileSync(POLICY, '#!/bin/sh\nexit 101\n');
    chmodSync(POLICY, 0o755);
  }
  try {
    const install = ['install', '-y', '--no-install-recommends', name];
    // With fresh package lists the first attempt succeeds; a machine that has none, or old ones, needs an update first.
    if (apt(install).status !== 0) {
      apt(['update']);
      const second = apt(install);
      if (second.status !== 0) {
        console.error(`${second.stdout}${second.stderr}`.trimEnd());
        throw new Sentence(`${name} could not be installed: apt-get says above what stopped it. ${byHand}`);
      }
    }
    // Not at the next boot either.
    if (service && existsSync('/run/systemd/system')) spawnSync('systemctl', ['disable', service], { stdio: 'ignore' });
    return true;
  } finally {
    if (forbidding) rmSync(POLICY, { force: true });
  }
}

/** @param {string[]} args */
function apt(args) {
  return spawnSync('apt-get', args, {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
