import type { Call } from '@wxthirdparty/platform';

/** What the line of a request says about the outcome of its call. `callMs`: from its acceptance to its outcome. */
export interface OutcomeNote {
  readonly outcome: string;
  readonly errcode?: number;
  readonly attempts: number;
  readonly callMs: number;
}

/** Undefined for a call that has not settled. */
export function outcomeNoteOf(call: Call): OutcomeNote | undefined {
  const { state, answered, failure, attempts, createdAt, settledAt } = call;
  if (settledAt === null) return undefined;
  const errcode = answered?.errcode ?? failure?.errcode;
  return {
    outcome: failure?.code ?? state,
    ...(errcode === undefined ? {} : { errcode }),
    attempts,
    callMs: settledAt.getTime() - createdAt.getTime(),
  };
}
