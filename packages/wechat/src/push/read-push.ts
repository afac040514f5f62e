import type { Push } from './push.ts';

export function readPush(_xml: string): Push {
  throw new Error('not yet');
}
