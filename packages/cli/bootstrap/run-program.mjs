import { takeInspectOptions } from './inspect-options.mjs';
import { supervise } from './supervise.mjs';

/**
 * Under a follower sync V8 would let the young generation grow to 130 MB, to collect garbage less often; 16 MB for each
 * half are enough. A limit only: V8 makes it smaller while the process rests, and larger again when there is work. The
 * Dockerfile sets the same.
 */
const YOUNG_HEAP = '--max-semi-space-size=16';

/**
 * Runs the command line in the foreground.
 * @param {string} node the Node that runs it
 * @param {readonly string[]} nodeOptions
 * @param {string} main its script
 * @param {readonly string[]} argv
 */
export function runProgram(node, nodeOptions, main, argv) {
  const { inspect, others } = takeInspectOptions(argv);
  return supervise(node, [YOUNG_HEAP, ...nodeOptions, ...inspect, main, ...others], {
    // For the program SIGHUP requests a shutdown and is never a second signal (src/shutdown-on-signal.ts).
    shutdownSignal: 'SIGHUP',
    endsWithUs: true,
  });
}
