// Runs the built command line of the npm package, in the Node of its user. It is built into the folder of `main.js`.
import { fileURLToPath } from 'node:url';
import { exitWith } from './exit-with.mjs';
import { runProgram } from './run-program.mjs';

/** Before this version Node reports at each start that `node:sqlite` is experimental. */
const SILENT_FROM = 24;

const isSilent = Number(process.versions.node.split('.')[0]) >= SILENT_FROM;
const nodeOptions = isSilent ? [] : ['--disable-warning=ExperimentalWarning'];
const main = fileURLToPath(new URL('./main.js', import.meta.url));
exitWith(await runProgram(process.execPath, nodeOptions, main, process.argv.slice(2)));
