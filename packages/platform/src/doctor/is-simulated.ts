/** Whether WeChat is a simulated one on this machine, which pushes to any address and needs no https. */
export function isSimulated(apiBases: readonly string[]): boolean {
  return apiBases.length > 0 && apiBases.every((base) => isLoopback(new URL(base).hostname));
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}
