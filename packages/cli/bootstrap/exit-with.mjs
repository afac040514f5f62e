import { constants } from 'node:os';

/**
 * Makes this process end like the one that it ran, once nothing else is to be done.
 * @param {{ code: number | null, signal: NodeJS.Signals | null }} ended
 */
export function exitWith({ code, signal }) {
  process.exitCode = signal ? 128 + constants.signals[signal] : (code ?? 1);
}
