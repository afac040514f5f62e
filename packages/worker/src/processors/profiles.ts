import type { Platform, ProfilePayload } from '@wxthirdparty/platform';
import type { Logger } from 'pino';
import type { Process } from '../run-queue.ts';

export function processProfile(work: Platform['work'], log: Logger): Process<ProfilePayload> {
  return async (payload) => {
    const outcome = await work.readProfile(payload);
    log.info({ ...payload, outcome }, 'profile');
    return undefined;
  };
}
