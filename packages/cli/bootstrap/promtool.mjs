import { installDebianPackage } from './debian-package.mjs';
import { findProgram } from './program.mjs';
import { Sentence } from './sentence.mjs';

const MANUAL = 'Install it manually; the tests of the rules for Prometheus need it.';

/**
 * Prometheus' promtool, for the tests of the rules; where there is none, root on Debian and Ubuntu installs it. Called only with
 * REQUIRE_PROMTOOL=1, since those tests are skipped otherwise.
 * @returns {string} its absolute path
 */
export function ensurePromtool() {
  const found =
    findPromtool() ?? (installDebianPackage('prometheus', 'prometheus', MANUAL) ? findPromtool() : undefined);
  if (!found) throw new Sentence(howToGetPromtool());
  return found;
}

/** @param {string[]} [folders] to search */
export function findPromtool(folders) {
  return findProgram(['promtool'], folders);
}

/** What to type, in one sentence, on the systems that people have. */
export function howToGetPromtool() {
  return 'No promtool was found, and it tests the rules for Prometheus. Install it – Debian or Ubuntu: "sudo apt-get install prometheus"; Fedora: "sudo dnf install prometheus"; Alpine: "apk add prometheus"; macOS: "brew install prometheus".';
}
