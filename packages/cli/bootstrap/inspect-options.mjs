/**
 * Takes Node's own `--inspect` options out of the arguments, wherever they are among them: they are for the program's
 * process. `NODE_OPTIONS=--inspect` would reach npm first, which would occupy the port.
 * @param {readonly string[]} argv
 */
export function takeInspectOptions(argv) {
  const isInspect = (/** @type {string} */ arg) => /^--inspect(-brk|-wait)?(=\S+)?$/.test(arg);
  return { inspect: argv.filter(isInspect), others: argv.filter((arg) => !isInspect(arg)) };
}
