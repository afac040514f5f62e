import type { Call } from '@wxthirdparty/platform';
import type { GatewayPlatform } from '../gateway-platform.ts';

/** The settled call, or undefined when the time was over or the waiting was ended first. */
export async function settled(
  platform: GatewayPlatform,
  id: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<Call | undefined> {
  if (signal.aborted) return undefined;
  try {
    return await platform.calls.settled(id, waitMs, signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}
