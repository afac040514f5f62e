import type { Envelope } from '@wxthirdparty/wechat';
import { defineJob } from '../queue/job.ts';

export interface PushPayload {
  readonly component: string;
  readonly url: 'events' | 'messages';
  /** The appid in the message URL. */
  readonly appid?: string | undefined;
  /** ISO 8601. */
  readonly receivedAt: string;
  /** Still sealed; the worker opens it again, so that nothing is in Redis in clear. */
  readonly envelope: Envelope;
  /** Missing for tickets, of which the later arrival counts, and in jobs of older versions. */
  readonly dedupKey?: string | undefined;
}

export const PushJob = defineJob<PushPayload>({
  queue: 'pushes',
  description: 'One push from WeChat, still sealed: tickets, authorizations, messages and events of accounts.',
  fields: { component: 'string', url: 'string', receivedAt: 'string', envelope: 'object' },
  // Copies that arrive at the same time find no mark yet; until then they share the job's id.
  idOf: ({ dedupKey }) => dedupKey && `push-${dedupKey}`,
  attempts: 20,
  backoffMs: 500,
  keep: { count: 1_000 },
});
