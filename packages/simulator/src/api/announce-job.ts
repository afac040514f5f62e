import { setTimeout as pause } from 'node:timers/promises';
import { deliver } from '../push/deliver.ts';
import { eventOfAccount } from '../push/event-of-account.ts';
import type { Payload } from '../push/payload.ts';
import type { AuthorizerCall } from './api.ts';

/**
 * Pushes the result of a job 1 to 60 s later or, sometimes, before the caller has its answer; then it returns the promise
 * for which the answer must wait (protocol §10 rule 37).
 */
export function announceJob(
  { world, component, account }: AuthorizerCall,
  openid: string,
  fields: Payload & { Event: string },
  finish: () => void = () => undefined,
): Promise<unknown> | undefined {
  if (!world.options.jobEvents) return undefined;
  const push = () => {
    finish();
    return deliver(world, eventOfAccount(world, component, account, openid, fields));
  };
  if (world.chance.happens(world.options.earlyJobEventRate)) return push();
  const waitMs = world.clock.lasting(1 + 59 * world.chance.next());
  void pause(waitMs, undefined, { signal: world.ending, ref: false }).then(push, () => undefined);
  return undefined;
}
