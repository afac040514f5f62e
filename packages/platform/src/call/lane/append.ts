import type { CallId } from '../call-id.ts';
import type { CallStore } from '../call-store.ts';
import type { Lanes } from './lanes.ts';

export interface AppendDeps {
  readonly store: Pick<CallStore, 'enterLane'>;
  readonly lanes: Pick<Lanes, 'format' | 'mark' | 'wake'>;
}

/** Appends one call. It enters its lane once, however often this is called; `gone` if it has settled or vanished. */
export async function append({ store, lanes }: AppendDeps, call: CallId, path: string): Promise<'in' | 'gone'> {
  const format = await lanes.format();
  await lanes.mark(call, format);
  const entered = await store.enterLane(call, path, format);
  if (entered === 'wake') await lanes.wake(call);
  return entered === 'gone' ? 'gone' : 'in';
}

/** Appends many calls in the order given. Returns, by their ids, the errors of the calls whose entering was not confirmed. */
export async function appendAll(
  { store, lanes }: AppendDeps,
  calls: readonly { readonly call: CallId; readonly path: string }[],
): Promise<ReadonlyMap<string, unknown>> {
  const accounts = new Map(calls.map(({ call }) => [`${call.component}.${call.appid}`, call]));
  const format = await lanes.format();
  // In one batch: first the marks, by which a lane is found if this process dies, then the calls.
  const [, entered] = await Promise.all([
    Promise.allSettled([...accounts.values()].map((account) => lanes.mark(account, format))),
    Promise.allSettled(calls.map(({ call, path }) => store.enterLane(call, path, format))),
  ]);
  const failed = new Map<string, unknown>();
  const asleep = new Map<string, CallId>();
  for (const [i, one] of entered.entries()) {
    const { call } = calls[i]!;
    if (one.status === 'rejected') failed.set(call.id, one.reason);
    else if (one.value === 'wake') asleep.set(`${call.component}.${call.appid}`, call);
  }
  // The calls are accepted: a lane that is not woken now is found by its mark.
  await Promise.allSettled([...asleep.values()].map((call) => lanes.wake(call)));
  return failed;
}
