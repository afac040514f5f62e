import type { Events } from '../events.ts';
import { appendNotice } from '../journal/append-notice.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { Seals } from '../sealing/seals.ts';
import { releaseCheckAnswer } from './check-answer.ts';
import type { ReleaseCheck } from './release-check.ts';

export interface EndReporters {
  readonly redis: RedisClient;
  readonly seals: Seals;
  readonly events: Events;
}

/** The notice and the event of a check that has ended. A repeated notice has the same id. */
export async function reportEnd(check: ReleaseCheck, { redis, seals, events }: EndReporters): Promise<void> {
  const { id, component, appid, state, finishedAt } = check;
  const { kind, startedAt, steps } = releaseCheckAnswer(check);
  await appendNotice(redis, seals, {
    component,
    appid: appid ?? undefined,
    type: 'release_check.finished',
    at: finishedAt ?? startedAt,
    unique: id,
    data: { releaseCheck: id, kind, state, startedAt, finishedAt, steps },
  });
  const failed = check.steps.filter((step) => step.state === 'failed').map(({ name, code }) => `${name}: ${code}`);
  events.publish('release-check', { check: id, component, appid, kind, state, failed });
}
