import type { FollowerSync } from '@wxthirdparty/sdk';
import { request } from '../../api/operation.ts';
import { serverNow } from '../../api/server-clock.ts';
import { useRights } from '../../api/session.ts';
import { ActionButton, useAction } from '../../ui/action.tsx';
import { Age } from '../../ui/age.tsx';
import { Muted } from '../../ui/page.tsx';
import { Bar } from '../../ui/quota-bar.tsx';
import { Quote } from '../../ui/quote.tsx';
import { Status } from '../../ui/status.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { isOver } from './live-syncs.ts';
import { words as ownWords } from './words.ts';

const REFRESHES = ['GET /v1/follower-syncs', 'GET /v1/authorizers/:appid/follower-syncs'] as const;

/** How many followers its present phase has processed. */
function doneOf({ phase, listed, detailed }: FollowerSync): number {
  return phase === 'listing' ? listed : detailed;
}

/** `获取资料 8,412 / 25,310`, with a bar while it is not over; and why it waits or failed. */
export function SyncProgress({ sync }: { readonly sync: FollowerSync }) {
  const words = useWords(ownWords);
  const format = useFormat();
  const { total, phase, error, listed, detailed } = sync;
  const why = error && (
    <Muted>
      <Quote>{error.message}</Quote>
    </Muted>
  );
  if (isOver(sync)) {
    return (
      <>
        <span>{format.number(Math.max(listed, detailed))}</span>
        {why}
      </>
    );
  }
  const done = doneOf(sync);
  const counted = total === null ? format.number(done) : `${format.number(done)} / ${format.number(total)}`;
  return (
    <>
      {total !== null && total > 0 && <Bar share={done / total} tone="progress" />}
      <span>
        {words.phases[phase]} {counted}
      </span>
      {why}
    </>
  );
}

export function SyncState({ sync }: { readonly sync: FollowerSync }) {
  const words = useWords(ownWords);
  return (
    <Status of="sync" state={sync.state}>
      {sync.waitingUntil !== null && (
        <>
          {' '}
          {words.waits} <Age at={sync.waitingUntil} />
        </>
      )}
    </Status>
  );
}

export function SyncRate({ sync: { ratePerSecond } }: { readonly sync: FollowerSync }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const format = useFormat();
  return <span>{ratePerSecond === null ? shared.none : words.perSecond(format.number(ratePerSecond))}</span>;
}

/** When it ended, or when it will if it goes on as it does. */
export function SyncEnd({ sync }: { readonly sync: FollowerSync }) {
  const { finishedAt, ratePerSecond, total, state, phase } = sync;
  if (finishedAt !== null) return <Age at={finishedAt} />;
  if (state !== 'running' || total === null || !ratePerSecond || (phase === 'listing' && sync.details)) {
    return <Age at={null} />;
  }
  const remaining = Math.max(0, total - doneOf(sync));
  return <Age at={Math.ceil(serverNow() + (remaining / ratePerSecond) * 1_000)} />;
}

export function SyncActions({ sync }: { readonly sync: FollowerSync }) {
  const words = useWords(ownWords);
  const { mayWrite } = useRights();
  const { id, appid, state } = sync;
  const path = { id };
  const pause = useAction({
    perform: () => request('POST /v1/follower-syncs/:id/pause', { path }),
    refreshes: REFRESHES,
  });
  const resume = useAction({
    perform: () => request('POST /v1/follower-syncs/:id/resume', { path }),
    refreshes: REFRESHES,
  });
  const cancel = useAction({
    perform: () => request('POST /v1/follower-syncs/:id/cancel', { path }),
    refreshes: REFRESHES,
  });
  if (isOver(sync) || !mayWrite('authorizers:write')) return null;
  return (
    <>
      {state === 'paused' ? (
        <ActionButton label={words.resume} action={resume} />
      ) : (
        <ActionButton label={words.pause} action={pause} />
      )}
      <ActionButton
        label={words.cancel}
        kind="danger"
        action={cancel}
        confirm={{ title: words.cancelTitle(appid), text: words.cancelText }}
      />
    </>
  );
}
