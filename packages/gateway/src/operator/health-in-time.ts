import type { GatewayPlatform } from '../gateway-platform.ts';

const WITHIN_MS = 2_000;

/** A client that waits for its server to come back waits longer than whoever asks whether it is there. */
export async function healthInTime(platform: GatewayPlatform): Promise<{ redis: boolean; database: boolean }> {
  const down = { redis: false, database: false };
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<typeof down>((resolve) => {
    timer = setTimeout(() => resolve(down), WITHIN_MS);
  });
  try {
    return await Promise.race([platform.health(), tooLate]);
  } catch {
    return down;
  } finally {
    clearTimeout(timer);
  }
}
