import type { Platform, RehearsalPayload } from '@wxthirdparty/platform';
import type { Process } from '../run-queue.ts';

export function processRehearsal(work: Platform['work']): Process<RehearsalPayload> {
  return (payload, signal) => work.rehearse(payload, signal);
}
