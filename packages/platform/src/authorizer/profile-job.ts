import { defineJob } from '../queue/job.ts';

export interface ProfilePayload {
  readonly component: string;
  readonly appid: string;
}

export const ProfileJob = defineJob<ProfilePayload>({
  queue: 'profiles',
  description: 'Reads the profile and the granted permission sets of one account from WeChat; about daily for each.',
  fields: { component: 'string', appid: 'string' },
  deduplicateBy: ({ component, appid }) => `${component}-${appid}`,
  needsDatabase: true,
  // The account stays due until it has been read; maintenance enqueues it again.
  attempts: 1,
  keep: { count: 100 },
});
