import type { TimelineEvent } from '@wxthirdparty/sdk';

export type PhaseName = 'waiting' | 'token' | 'wechat' | 'storing' | 'pause' | 'parked';

export interface PhaseOfCall {
  readonly name: PhaseName;
  readonly ms: number;
}

/** How the time of a settled call is divided, from its request to its outcome. */
export function phasesOf(timeline: readonly TimelineEvent[]): PhaseOfCall[] {
  const end = timeline.findIndex(({ event }) => event === 'settled');
  if (end < 0) return [];
  const phases: PhaseOfCall[] = [];
  let name: PhaseName = 'waiting';
  for (const [i, event] of timeline.slice(0, end).entries()) {
    name = after(event, name);
    const ms = Date.parse(timeline[i + 1]!.at) - Date.parse(event.at);
    const last = phases.at(-1);
    if (last?.name === name) phases[phases.length - 1] = { name, ms: last.ms + ms };
    else if (ms > 0) phases.push({ name, ms });
  }
  return phases;
}

/** What a call does after an event. */
function after({ event }: TimelineEvent, before: PhaseName): PhaseName {
  switch (event) {
    case 'received':
    case 'queued':
      return 'waiting';
    case 'token_waited':
      return 'token';
    case 'sent':
      return 'wechat';
    case 'answered':
      return 'storing';
    case 'retried':
      return 'pause';
    case 'parked':
      return 'parked';
    case 'settled':
    case 'callback':
      return before;
    default:
      return event satisfies never;
  }
}
