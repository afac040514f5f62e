import type { EnvelopeKeys } from './envelope-keys.ts';

export function verifyEcho(_keys: EnvelopeKeys, _query: Record<string, unknown>): string | undefined {
  throw new Error('not yet');
}
