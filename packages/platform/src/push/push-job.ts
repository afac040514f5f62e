import type { Envelope } from '@wxthirdparty/wechat';
import { defineJob } from '../queue/job.ts';

export interface PushPayload {
  readonly component: string;
  readonly url: 'events' | 'messages';
  /** The appid in the message URL. */
  readonly appid?: string | undefined;
  /** ISO 8601. */
  readonly receivedAt: string;
  /** As WeChat sealed it: opened again by the worker, so that nothing lies in Redis in clear. */
  readonly envelope: Envelope;
  /** What makes two deliveries the same push; undefined for tickets, of which the later arrival counts. */
  readonly sameness?: string | undefined;
}

export const PushJob = defineJob<PushPayload>({
  queue: 'pushes',
  description: 'One push from WeChat, still sealed: tickets, authorizations, messages and events of accounts.',
  idOf: ({ sameness }) => sameness,
  attempts: 20,
  backoffMs: 500,
  // WeChat delivers again within seconds; late doubles have been seen within the hour.
  keep: { ageS: 3_600 },
});
