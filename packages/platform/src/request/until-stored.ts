import { setTimeout as pause } from 'node:timers/promises';

const STORE_TIMEOUT_MS = 10_000;
const STORE_RETRY_MS = 500;

/**
 * Repeats a write that Redis refuses, for instance while it has no memory or is no master. For what WeChat has answered:
 * that must not be lost.
 */
export async function untilStored<T>(write: () => Promise<T>, timeoutMs = STORE_TIMEOUT_MS): Promise<T> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (performance.now() > until) throw error;
      await pause(STORE_RETRY_MS);
    }
  }
}
