import { defineJob } from '../queue/job.ts';

export interface AuthorizationPayload {
  readonly component: string;
  /** SHA-256 of the code: its name in job ids and keys. */
  readonly codeHash: string;
  readonly sealedCode: string;
  /** Known where a push brought the code, unknown where a browser did. */
  readonly appid?: string | undefined;
}

export const AuthorizeJob = defineJob<AuthorizationPayload>({
  queue: 'authorizations',
  description: 'Exchanges one authorization code for the grant behind it. A code is single-use, so its hash is the id.',
  fields: { component: 'string', codeHash: 'string', sealedCode: 'string' },
  // Push and redirect carry the same code; the second one finds the job, or its stored outcome.
  idOf: ({ codeHash }) => codeHash,
  needsDatabase: true,
  // An hour in all: as long as a code lives.
  attempts: 12,
  backoffMs: 1_000,
  keep: { ageS: 7_200 },
});
