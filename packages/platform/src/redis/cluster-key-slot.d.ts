/** cluster-key-slot has no types. ioredis calculates with it, too. */
declare module 'cluster-key-slot' {
  /** 0 to 16383. */
  export default function calculateSlot(key: string | Buffer): number;
}
