import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a server may lie although a plain user's PATH does not say so. */
const USUAL_PLACES = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/opt/homebrew/bin'];

/**
 * The absolute path of the first of these programs that this machine has.
 * @param {string[]} names
 * @param {string[]} [folders] where to look
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
