import type { Platform, ReleaseCheckPayload } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

export function processReleaseCheck(work: Platform['work']): Process<ReleaseCheckPayload> {
  return (payload, signal) => work.useCheckCode(payload, signal);
}
