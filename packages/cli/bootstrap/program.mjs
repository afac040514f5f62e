import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Servers may be here although an ordinary user's PATH does not contain these folders. */
const USUAL_PLACES = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/opt/homebrew/bin'];

/**
 * The absolute path of the first of these programs that this machine has.
 * @param {string[]} names
 * @param {string[]} [folders] to search
 */
export function findProgram(
  names,
  folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...USUAL_PLACES],
) {
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
