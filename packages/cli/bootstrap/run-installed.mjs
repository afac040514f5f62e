// Runs the built command line of the npm package, in the Node of its user. It is built into the folder of `main.js`.
import { fileURLToPath } from 'node:url';
import { exitWith } from './exit-with.mjs';
import { runProgram } from './run-program.mjs';

/** Before this version Node reports at each start that `node:sqlite` is experimental. */
const SILENT_FROM = 24;
const POLL_INTERVAL_MS = 500;

const isSilent = Number(process.versions.node.split('.')[0]) >= SILENT_FROM;
const nodeOptions = isSilent ? [] : ['--disable-warning=ExperimentalWarning'];
const main = fileURLToPath(new URL('./main.js', import.meta.url));
if (process.env.npm_lifecycle_event) endWithParent(process.ppid);
exitWith(await runProgram(process.execPath, nodeOptions, main, process.argv.slice(2)));

/**
 * npm runs a shell that runs this process (`npx`, `npm run`). It passes SIGTERM on to the shell, which ends without passing it
 * on; so the end of the shell counts as the signal.
 * @param {number} parent
 */
function endWithParent(parent) {
  const poll = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(poll);
    process.kill(process.pid, 'SIGTERM');
  }, POLL_INTERVAL_MS);
  poll.unref();
}
