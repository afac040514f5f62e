import type { Usage } from '../quota/usage.ts';
import type { Call } from './call.ts';
import type { FoundCall } from './call-record.ts';
import { isParked } from './parked.ts';

/** A call with the state of its quota. */
export function withQuota(call: FoundCall, usage: Usage): Call {
  return {
    ...call,
    state: isParked(call, usage) ? 'delayed' : call.state,
    quota: {
      used: usage.used,
      limit: usage.limit ?? null,
      remaining: usage.remaining ?? null,
      closedUntil: usage.closedUntil ?? null,
    },
  };
}
