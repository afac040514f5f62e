import { installDebianPackage } from './debian-package.mjs';
import { findProgram } from './program.mjs';
import { Sentence } from './sentence.mjs';

const MANUAL = 'Install it manually; the tests need a real one.';

/**
 * The MariaDB server of this machine, for tests and benchmarks only; where there is none, root on Debian and Ubuntu
 * installs it.
 * @returns {Promise<string>} its absolute path
 */
export async function ensureMariaDbServer() {
  const found =
    findMariaDbServer() ??
    (installDebianPackage('mariadb-server', 'mariadb', MANUAL) ? findMariaDbServer() : undefined);
  if (!found) throw new Sentence(howToGetMariaDb());
  return found;
}

/** @param {string[]} [folders] to search */
export function findMariaDbServer(folders) {
  return findProgram(['mariadbd'], folders);
}

/** What to type, in one sentence, on the systems that people have. */
export function howToGetMariaDb() {
  return 'No mariadbd was found, and the tests run on a real MariaDB beside SQLite. Install one – Debian or Ubuntu: "sudo apt-get install mariadb-server"; Fedora: "sudo dnf install mariadb-server"; Alpine: "apk add mariadb"; macOS: "brew install mariadb".';
}
