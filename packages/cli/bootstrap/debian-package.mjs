import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findProgram } from './program.mjs';
import { Sentence } from './sentence.mjs';

const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Debian starts a service right after installing it; a file policy-rc.d forbids it (the documented way, invoke-rc.d).
 * This shell owns the file: it removes it however the install ends, also when the process that started the shell is
 * killed or Ctrl-C reaches both. If the shell itself is killed, the next run recognizes the file by its second line, and
 * by the process named there, which is no longer alive.
 */
const INSTALL = `
policy=$1
name=$2
owned=
trap '[ -z "$owned" ] || rm -f "$policy"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
owner=$(sed -n '2s/^# wxthirdparty installs a package, process //p' "$policy" 2>/dev/null)
if [ ! -e "$policy" ] || { [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; }; then
  owned=1
  printf '#!/bin/sh\\n# wxthirdparty installs a package, process %s\\nexit 101\\n' $$ > "$policy"
  chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y --no-install-recommends "$name"; }
# With fresh package lists the first attempt succeeds; a machine that has none, or old ones, needs an update first.
install > /dev/null 2>&1 || { apt-get update > /dev/null 2>&1; install; }
`;

/**
 * Installs a server's package if possible, that is as root on Debian and Ubuntu; otherwise returns false. The machine gets a
 * program, not a service.
 * @param {string} name of the package
 * @param {string | undefined} service of systemd, that it brings
 * @param {string} manual what to do if apt-get fails
 */
export function installDebianPackage(name, service, manual) {
  if (process.getuid?.() !== 0 || !findProgram(['apt-get'])) return false;
  console.error(`Installing ${name} …`);
  const { status, output } = installWithoutStarting(name, POLICY);
  if (status !== 0) {
    console.error(output.trimEnd());
    throw new Sentence(`${name} could not be installed: apt-get says above what stopped it. ${manual}`);
  }
  // Not at the next boot either.
  if (service && existsSync('/run/systemd/system')) spawnSync('systemctl', ['disable', service], { stdio: 'ignore' });
  return true;
}

/**
 * @param {string} name of the package
 * @param {string} policy the file that keeps its service from being started
 */
export function installWithoutStarting(name, policy) {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', INSTALL, 'sh', policy, name], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { status, output: `${stdout}${stderr}` };
}
