import type { CallDetail, CallSummary } from '@wxthirdparty/sdk';
import type { StateOf } from '../../words/status.ts';

type Settled = Pick<CallSummary | CallDetail, 'state' | 'answered' | 'failure'>;

/** The state of a call as operators distinguish it: `completed` of the API includes what WeChat refused. */
export function outcomeOf({ state, answered, failure }: Settled): StateOf<'call'> {
  if (state === 'failed') return failure?.code === 'outcome_unknown' ? 'outcome_unknown' : 'failed';
  if (state === 'completed') return errcodeOf({ answered, failure }) === undefined ? 'completed' : 'refused';
  return state;
}

/** With which WeChat refused it. */
export function errcodeOf({ answered, failure }: Pick<Settled, 'answered' | 'failure'>): number | undefined {
  return answered?.errcode || failure?.errcode || undefined;
}

/** The first sentence. */
export function shortOf(text: string): string {
  return /^.*?(?:。|\.(?=\s|$))/.exec(text)?.[0]?.replace(/[。.]$/, '') ?? text;
}
