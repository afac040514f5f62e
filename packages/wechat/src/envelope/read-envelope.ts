import type { ReceivedEnvelope } from './envelope.ts';

export function readEnvelope(_query: Record<string, unknown>, _body: Buffer): ReceivedEnvelope {
  throw new Error('not yet');
}
