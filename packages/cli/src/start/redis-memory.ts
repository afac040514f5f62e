/**
 * What Redis beside a node may use: half of the machine's memory, or of the container's. Without a limit the node takes
 * the host's memory for Redis' own and refuses no call before the kernel ends Redis in a container that has less.
 * `constrained`: as `process.constrainedMemory` reports it, 0 or larger than the machine if there is no limit.
 */
export function redisMemoryBytes(total: number, constrained: number): number {
  const available = constrained > 0 ? Math.min(total, constrained) : total;
  return Math.floor(available / 2);
}
