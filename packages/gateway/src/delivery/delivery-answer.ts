import type { DeliveryView, FailedAttempt, Replay } from '@wxthirdparty/platform';
import type { Response } from 'express';
import type { z } from 'zod';
import { maySeeNickNames } from '../key/may-see-nick-names.ts';
import type { DeliveryAnswer, DeliveryWithAttemptsAnswer, ReplayAnswer } from './delivery-schema.ts';

/** Member by member, so that nothing that is added to a delivery is published by itself. */
export function deliveryAnswer(delivery: DeliveryView, response: Response): z.input<typeof DeliveryAnswer> {
  const { reply } = delivery;
  return {
    subscription: delivery.subscription,
    push: delivery.push,
    seq: String(delivery.seq),
    component: delivery.component,
    appid: delivery.appid,
    handle: delivery.handle,
    nickName: maySeeNickNames(response) ? delivery.nickName : null,
    type: delivery.type,
    state: delivery.state,
    attemptCount: delivery.attemptCount,
    nextAttemptAt: delivery.pendingAt,
    status: delivery.status,
    code: delivery.code,
    ms: delivery.ms,
    settledAt: delivery.settledAt,
    replay: delivery.replay,
    reply: reply && { state: reply.state, reason: reply.reason, callId: reply.callId },
  };
}

export function deliveryWithAttemptsAnswer(
  delivery: DeliveryView,
  failures: readonly FailedAttempt[],
  response: Response,
): z.input<typeof DeliveryWithAttemptsAnswer> {
  const attempts = failures.map(({ number, at, status, code, ms, answer }) => ({
    number,
    at,
    status,
    code,
    ms,
    answer,
  }));
  return { ...deliveryAnswer(delivery, response), attempts };
}

export function replayAnswer(replay: Replay): z.input<typeof ReplayAnswer> {
  const { error } = replay;
  return {
    id: replay.id,
    subscription: replay.subscription,
    since: replay.since,
    until: replay.until,
    only: replay.only,
    state: replay.state,
    matched: replay.matched,
    createdAt: replay.createdAt,
    finishedAt: replay.finishedAt,
    error: error && { code: error.code, message: error.message },
  };
}
