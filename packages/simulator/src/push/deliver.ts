import { setTimeout as pause } from 'node:timers/promises';
import type { DeliveryRecord } from '../push-log.ts';
import { hashOf } from '../request-log.ts';
import type { World } from '../world.ts';
import { eventOfAccount } from './event-of-account.ts';
import { type Push, type PushFault, wrap } from './parcel.ts';
import { post } from './post.ts';
import { judgeAnswer } from './reply.ts';

/** Delivers once and records the answer. */
export async function deliverOnce(
  world: World,
  push: Push,
  attempt: number,
  fault: PushFault | null,
): Promise<DeliveryRecord> {
  const parcel = wrap(world, push, attempt, fault);
  const at = new Date().toISOString();
  const posted = await post(parcel.url, parcel.body, world.ending);
  const kind = world.accounts.get(push.appid ?? '')?.kind ?? 'official-account';
  const judged = judgeAnswer(push, parcel, posted, kind, world.options.tolerateWhitespace);
  const record: DeliveryRecord = {
    at,
    component: push.component.appid,
    appid: push.appid,
    url: push.url,
    what: push.what,
    msgId: push.msgId,
    createTime: push.createTime,
    attempt,
    fault,
    status: posted.status,
    body: posted.body.slice(0, 2000),
    reply: judged.reply,
    ms: posted.ms,
    complaint: fault === 'answer-lost' ? 'the answer was lost on the wire' : judged.complaint,
  };
  world.pushes.delivered(record);
  world.log.add({
    kind: 'push',
    at: Date.parse(at),
    answeredAt: Date.now(),
    path: push.url,
    component: push.component.appid,
    account: push.appid,
    what: push.what,
    msgId: push.msgId,
    attempt,
    bodyHash: hashOf(parcel.body),
    answer: posted.status,
    accepted: record.complaint === null,
  });
  return record;
}

/**
 * Delivers until the answer is valid, as often as WeChat tries (protocol §10 rules 7 to 10). `firstFault` is the fault of
 * the first delivery only.
 */
export async function deliver(
  world: World,
  push: Push,
  firstFault: PushFault | null = null,
): Promise<DeliveryRecord[]> {
  const { chance, options } = world;
  const lane = `${push.component.appid} ${push.appid} ${push.openid}`;
  const overtaken = chance.happens(options.reorderRate);
  if (overtaken) await world.reordering.beOvertaken(lane, world.ending);
  const records = await deliverUntilAccepted(world, push, firstFault);
  if (!overtaken) world.reordering.delivered(lane);
  if (push.url === 'messages' && chance.happens(options.sameSecondRate)) {
    await deliverUntilAccepted(world, twinOf(world, push), null);
  }
  return records;
}

/** Another event of the same user in the same second; only its content differs. */
function twinOf(world: World, push: Push): Push {
  const account = world.accounts.get(push.appid ?? '');
  if (account === undefined || push.openid === null) return push;
  const where = { Latitude: '23.137466', Longitude: '113.352425', Precision: '119.385040' };
  const fields = { Event: 'LOCATION', ...where };
  return eventOfAccount(world, push.component, account, push.openid, fields, push.createTime);
}

async function deliverUntilAccepted(world: World, push: Push, firstFault: PushFault | null): Promise<DeliveryRecord[]> {
  const records: DeliveryRecord[] = [];
  for (let attempt = 1; attempt <= world.options.deliveries && !world.ending.aborted; attempt += 1) {
    if (attempt > 1)
      await pause(world.options.redeliveryMs, undefined, { signal: world.ending }).catch(() => undefined);
    const record = await deliverOnce(world, push, attempt, attempt === 1 ? firstFault : null);
    records.push(record);
    if (record.complaint === null) {
      if (world.chance.happens(world.options.duplicateRate)) {
        records.push(await deliverOnce(world, push, attempt + 1, null));
      }
      return records;
    }
    alarm(world, push, record.complaint);
  }
  if (push.url === 'messages' && !push.what.startsWith('event:')) world.pushes.notice(push.appid, push.openid);
  return records;
}

export function alarm(world: World, push: Push, reason: string): void {
  const at = new Date().toISOString();
  world.pushes.alarm({ at, component: push.component.appid, appid: push.appid, what: push.what, reason });
}
