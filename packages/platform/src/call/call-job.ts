import { defineJob } from '../queue/job.ts';
import type { CallRequest } from './call.ts';
import type { CallId } from './call-id.ts';
import type { ExpectedCall } from './load-call.ts';

/** `expected`: of the record, so that the first run departs while it reads it. Absent in jobs of earlier versions. */
export interface CallPayload {
  readonly id: string;
  readonly expected?: ExpectedCall | undefined;
}

export function payloadOf({ id }: CallId, { method, path }: CallRequest): CallPayload {
  return { id, expected: { method, path } };
}

export const CallJob = defineJob<CallPayload>({
  queue: 'calls',
  description:
    'Wakes a worker for one call to WeChat. The call is a record of its own; the job contains its id and its path.',
  fields: { id: 'string' },
  idOf: ({ id }) => id,
  // Only for internal errors, such as an unreachable Redis; WeChat's answers are settled in the record.
  attempts: 1_000,
  backoffMs: 500,
  // A call whose record shows that it has not settled must be able to get another job.
  keep: { count: 0 },
});
