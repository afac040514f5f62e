import { defineJob } from '../queue/job.ts';

export interface ReleaseCheckPayload {
  readonly component: string;
  /** The test account. */
  readonly appid: string;
  /** SHA-256 of the authorization code. */
  readonly codeHash: string;
  /** The code and the user's openid, as JSON. */
  readonly sealed: string;
  /** ISO 8601. */
  readonly receivedAt: string;
  /** The id of the rehearsal whose code it is: then only that is recorded. */
  readonly rehearsal?: string | undefined;
}

export const ReleaseCheckJob = defineJob<ReleaseCheckPayload>({
  queue: 'release-checks',
  description: "WeChat's release check: sends the text that the check expects, with the code that it pushed.",
  fields: { component: 'string', appid: 'string', codeHash: 'string', sealed: 'string', receivedAt: 'string' },
  // WeChat delivers the code again if it missed our answer.
  idOf: ({ codeHash }) => codeHash,
  attempts: 5,
  backoffMs: 500,
  keep: { ageS: 7_200 },
});
