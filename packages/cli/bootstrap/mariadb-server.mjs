import { installDebianPackage } from './debian-package.mjs';
import { findProgram } from './program.mjs';
import { Sentence } from './sentence.mjs';

const MANUAL = 'Install it manually; the tests need a real one.';

/**
 * The MariaDB server of this machine, with its client programs, for tests and benchmarks only; where there is none, root on Debian and Ubuntu
 * installs it.
 * @returns {Promise<string>} its absolute path
 */
export async function ensureMariaDbServer() {
  // The server's package brings the client programs; a machine may have the server alone.
  const complete = () => (findProgram(['mariadb-dump']) ? findMariaDbServer() : undefined);
  const found = complete() ?? (installDebianPackage('mariadb-server', 'mariadb', MANUAL) ? complete() : undefined);
  if (!found) throw new Sentence(howToGetMariaDb());
  return found;
}

/** @param {string[]} [folders] to search */
export function findMariaDbServer(folders) {
  return findProgram(['mariadbd'], folders);
}

/** What to type, in one sentence, on the systems that people have. */
export function howToGetMariaDb() {
  return 'No mariadbd with mariadb-dump was found, and the tests run on a real MariaDB beside SQLite. Install one – Debian or Ubuntu: "sudo apt-get install mariadb-server"; Fedora: "sudo dnf install mariadb-server"; Alpine: "apk add mariadb mariadb-client"; macOS: "brew install mariadb".';
}
