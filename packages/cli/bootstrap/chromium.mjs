import { installDebianPackage } from './debian-package.mjs';
import { findProgram } from './program.mjs';
import { Sentence } from './sentence.mjs';

const MANUAL = 'Install it manually, or set CHROMIUM_PATH; the stories of the console run in it.';

/**
 * The Chromium of this machine, for `npm run test:console` only; where there is none, root on Debian and Ubuntu installs it, with a
 * font that has Chinese characters. Without one the stories are skipped, unless REQUIRE_BROWSER=1.
 * @returns {string | undefined} its absolute path
 */
export function ensureChromium() {
  const found = findChromium() ?? (install() ? findChromium() : undefined);
  if (!found && process.env.REQUIRE_BROWSER === '1') throw new Sentence(howToGetChromium());
  if (!found) console.error(howToGetChromium());
  return found;
}

function install() {
  return (
    installDebianPackage('chromium', undefined, MANUAL) && installDebianPackage('fonts-wqy-microhei', undefined, MANUAL)
  );
}

/** @param {string[]} [folders] to search */
export function findChromium(folders) {
  return process.env.CHROMIUM_PATH || findProgram(['chromium', 'chromium-browser', 'google-chrome'], folders);
}

/** What to type, in one sentence, on the systems that people have. */
function howToGetChromium() {
  return 'No Chromium was found, and the stories of the console run in one. Install it – Debian: "sudo apt-get install chromium fonts-wqy-microhei"; Fedora: "sudo dnf install chromium"; Alpine: "apk add chromium font-noto-cjk" – or set CHROMIUM_PATH to a Chromium or Chrome.';
}
