import type { Subscription, SubscriptionSecrets } from '@wxthirdparty/sdk';
import { useState } from 'react';
import { request } from '../../api/operation.ts';
import { useRead } from '../../api/use-read.ts';
import { ActionButton, ActionResult, useAction } from '../../ui/action.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Facts } from '../../ui/facts.tsx';
import { SelectField } from '../../ui/form.tsx';
import { Id } from '../../ui/mono.tsx';
import { Muted, Row } from '../../ui/page.tsx';
import { Status } from '../../ui/status.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { words as ownWords } from './words.ts';

const REFRESHES = ['GET /v1/subscriptions', 'GET /v1/subscriptions/:id', 'GET /v1/deliveries'] as const;
const HOUR_MS = 3_600_000;
const SPAN_MS = { '1h': HOUR_MS, '6h': 6 * HOUR_MS, '24h': 24 * HOUR_MS, '3d': 72 * HOUR_MS, '7d': 168 * HOUR_MS };
type Span = keyof typeof SPAN_MS;
const REPLAY_REFRESH_MS = 2_000;

/** Pause or resume, replay, rotate the secret. */
export function SubscriptionActions({ subscription }: { readonly subscription: Subscription }) {
  const words = useWords(ownWords);
  const format = useFormat();
  const [replay, setReplay] = useState<string>();
  const path = { id: subscription.id };
  const pause = useAction({
    perform: () => request('POST /v1/subscriptions/:id/pause', { path }),
    refreshes: REFRESHES,
  });
  const resume = useAction({
    perform: () => request('POST /v1/subscriptions/:id/resume', { path }),
    refreshes: REFRESHES,
    onSuccess: (answer) => setReplay(answer.replay ?? undefined),
  });
  const { name, state, backlog } = subscription;
  return (
    <>
      {replay !== undefined && <ReplayProgress id={replay} />}
      {state === 'paused' ? (
        <ActionButton
          label={words.resume}
          kind="primary"
          action={resume}
          confirm={{ title: words.resumeTitle(name), text: words.resumeText(format.number(backlog.pending)) }}
        />
      ) : (
        <ActionButton
          label={words.pause}
          kind="danger"
          action={pause}
          confirm={{ title: words.pauseTitle(name), text: words.pauseText }}
        />
      )}
      <Replay subscription={subscription} onStart={setReplay} />
      <Rotate subscription={subscription} />
    </>
  );
}

/** How far a replay has come, until it ends. */
function ReplayProgress({ id }: { readonly id: string }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const format = useFormat();
  const { data } = useRead(
    'GET /v1/replays/:id',
    { path: { id } },
    { refreshMs: (replay) => (replay?.state === 'running' || replay === undefined ? REPLAY_REFRESH_MS : false) },
  );
  const cancel = useAction({
    perform: () => request('POST /v1/replays/:id/cancel', { path: { id } }),
    refreshes: ['GET /v1/replays/:id'],
  });
  if (!data) return null;
  return (
    <Row>
      <span role="status">
        <Status of="replay" state={data.state}>
          {' '}
          {words.replayProgress(format.number(data.matched))}
        </Status>
      </span>
      {data.state === 'running' && (
        <Button kind="quiet" busy={cancel.busy} onClick={() => cancel.start()}>
          {words.replayCancel}
        </Button>
      )}
      {cancel.error && <ActionResult action={cancel} />}
      {data.error && <Muted>{`${shared.code} ${data.error.code}`}</Muted>}
    </Row>
  );
}

function Replay({
  subscription,
  onStart,
}: {
  readonly subscription: Subscription;
  readonly onStart: (replay: string) => void;
}) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const [open, setOpen] = useState(false);
  const [span, setSpan] = useState<Span>('24h');
  const [only, setOnly] = useState<'missing' | 'all'>('missing');
  const action = useAction({
    perform: () =>
      request('POST /v1/subscriptions/:id/replays', {
        path: { id: subscription.id },
        body: { since: new Date(Date.now() - SPAN_MS[span]).toISOString(), only },
      }),
    refreshes: REFRESHES,
    onSuccess: (replay) => {
      setOpen(false);
      onStart(replay.id);
    },
  });
  const spans = Object.keys(SPAN_MS) as Span[];
  return (
    <>
      <Button onClick={() => setOpen(true)}>{words.replay}</Button>
      {open && (
        <Dialog
          title={words.replayTitle(subscription.name)}
          onClose={() => setOpen(false)}
          actions={
            <>
              <ActionResult action={action} />
              <Button onClick={() => setOpen(false)}>{shared.cancel}</Button>
              <Button kind="primary" busy={action.busy} onClick={() => action.start()}>
                {words.replay}
              </Button>
            </>
          }
        >
          <SelectField
            label={words.replayFrom}
            value={span}
            onChange={setSpan}
            options={spans.map((value) => ({ value, word: words.replayFroms[value] }))}
          />
          <SelectField
            label={words.replayOnly}
            value={only}
            onChange={setOnly}
            options={[
              { value: 'missing', word: words.replayOnlys.missing },
              { value: 'all', word: words.replayOnlys.all },
            ]}
            help={only === 'all' ? words.replayAllWarning : undefined}
          />
        </Dialog>
      )}
    </>
  );
}

function Rotate({ subscription }: { readonly subscription: Subscription }) {
  const words = useWords(ownWords);
  const [secrets, setSecrets] = useState<SubscriptionSecrets>();
  const action = useAction({
    perform: () => request('POST /v1/subscriptions/:id/rotate-secret', { path: { id: subscription.id }, body: {} }),
    refreshes: ['GET /v1/subscriptions/:id'],
    onSuccess: setSecrets,
  });
  // Neither the page nor its cache keeps what is shown once.
  const close = () => {
    setSecrets(undefined);
    action.reset();
  };
  return (
    <>
      <ActionButton
        label={words.rotate}
        action={action}
        confirm={{
          title: words.rotateTitle(subscription.name),
          text: subscription.format === 'json' ? words.rotateText : words.rotateTextWechat,
        }}
      />
      {secrets && (
        <Dialog
          title={words.secretTitle}
          onClose={close}
          actions={<Button onClick={close}>{words.closeSecret}</Button>}
        >
          <p>{words.secretText}</p>
          <Facts
            facts={[
              { label: words.secret, value: <Id value={secrets.secret} /> },
              secrets.token !== undefined && { label: 'Token', value: <Id value={secrets.token} /> },
              secrets.encodingAesKey !== undefined && {
                label: 'EncodingAESKey',
                value: <Id value={secrets.encodingAesKey} />,
              },
            ]}
          />
        </Dialog>
      )}
    </>
  );
}
