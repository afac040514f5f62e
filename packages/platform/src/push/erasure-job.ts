import { defineJob } from '../queue/job.ts';

export interface ErasurePayload {
  readonly component: string;
  readonly appid: string;
  readonly what: 'person' | 'account' | 'followers';
  /** HMACs of the person under each key; of a person only. */
  readonly hashes?: readonly string[];
  /** What was accepted later (seq) is not part of it. */
  readonly upTo: number;
  /** Followers are erased only if the account's consent is still revoked. */
  readonly ifRevoked?: true;
}

export const ErasureJob = defineJob<ErasurePayload>({
  queue: 'erasures',
  description: 'One slice of an erasure of personal data: of a person, of an account’s pushes, or of its followers.',
  fields: { component: 'string', appid: 'string', what: 'string', upTo: 'number' },
  deduplicateBy: erasureKey,
  needsDatabase: true,
  // Each is safe to repeat.
  attempts: 20,
  backoffMs: 1_000,
  keep: { count: 100 },
});

/** Names an erasure; contains no openid. */
export function erasureKey({ component, appid, what, hashes }: Omit<ErasurePayload, 'upTo'>): string {
  return [component, appid, what, ...(hashes ?? []).slice(0, 1)].join('/');
}
