import type { Call } from '@wxthirdparty/platform';
import type { GatewayPlatform } from '../gateway-platform.ts';

/**
 * The settled call, or undefined when the time was over or the waiting was ended first. The platform is asked even when
 * it was ended before it began: it keeps a call in mind until it has heard that nobody waits for it any more.
 */
export async function settled(
  platform: GatewayPlatform,
  id: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<Call | undefined> {
  try {
    return await platform.calls.settled(id, waitMs, signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}
