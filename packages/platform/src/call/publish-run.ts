import type { CallEvent, Events } from '../events.ts';
import type { CallRunResult } from './run.ts';

/** How a run came to its call, as CallEvent has it. */
export interface RunKind extends Pick<CallEvent, 'recorded' | 'hasCaller'> {
  readonly isInline: boolean;
}

/** Publishes that a run settled a call, or that it threw. */
export function publishRun(
  events: Pick<Events, 'publish'>,
  call: string,
  result: CallRunResult,
  { isInline, recorded, hasCaller }: RunKind,
): void {
  if ('fault' in result && result.fault) {
    const { message, stack } = result.fault;
    events.publish('call-fault', { call, message, stack });
  }
  if (!result.done || result.settled === undefined) return;
  const { outcome, errcode, attempts, corrected, settled } = result;
  const { component, appid, path, isBackground, rid, queueMs, wechatMs, totalMs, key } = settled;
  const kind = isInline ? 'inline' : isBackground ? 'background' : 'queued';
  events.publish('call', {
    call,
    component,
    appid,
    path,
    kind,
    outcome,
    errcode,
    rid,
    attempts,
    queueMs,
    wechatMs,
    totalMs,
    key,
    recorded,
    hasCaller,
    corrected,
  });
}
