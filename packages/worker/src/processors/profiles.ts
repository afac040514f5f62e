import type { Platform, ProfilePayload } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

export function processProfile(work: Platform['work']): Process<ProfilePayload> {
  return async (payload) => {
    await work.readProfile(payload);
    return undefined;
  };
}
