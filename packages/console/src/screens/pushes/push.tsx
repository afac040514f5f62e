import { useParams } from '@tanstack/react-router';
import type { PushWithData } from '@wxthirdparty/sdk';
import { request } from '../../api/operation.ts';
import { useRights } from '../../api/session.ts';
import { useRead } from '../../api/use-read.ts';
import { ActionButton, useAction } from '../../ui/action.tsx';
import { Age, Moment } from '../../ui/age.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Link } from '../../ui/link.tsx';
import { Loaded, UpdatedAt } from '../../ui/loaded.tsx';
import { Id, Mono } from '../../ui/mono.tsx';
import { Muted, Page, Section } from '../../ui/page.tsx';
import { Status } from '../../ui/status.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { shownHandle } from '../../words/shown-handle.ts';
import { Failure } from './failure.tsx';
import { words as ownWords } from './words.ts';

type DeliveryOf = PushWithData['deliveries'][number];

/** One push without its content, and its deliveries. */
export function Push() {
  const words = useWords(ownWords);
  const format = useFormat();
  const { mayWrite } = useRights();
  const { id } = useParams({ strict: false }) as { readonly id: string };
  const read = useRead('GET /v1/pushes/:id', { path: { id } }, { keepPrevious: false });
  const replay = useAction({
    perform: () => request('POST /v1/pushes/:id/replay', { path: { id }, body: {} }),
    refreshes: ['GET /v1/pushes/:id'],
  });
  return (
    <Page
      title={read.data?.type ?? words.push}
      back={
        <Link to="/pushes" search={{ tab: 'journal' } as never}>
          {words.journal}
        </Link>
      }
      beside={<Id value={id} />}
      actions={
        mayWrite('pushes:write') && (
          <ActionButton
            label={words.pushReplay}
            action={replay}
            confirm={{ title: words.pushReplayTitle, text: words.pushReplayText }}
            done={({ deliveries }) => words.pushReplayed(format.number(deliveries.length))}
          />
        )
      }
    >
      <Loaded read={read} failed={words.pushFailed} lines={6}>
        {(push: PushWithData) => (
          <>
            <Receivers push={push} />
            <Details push={push} />
            <UpdatedAt read={read} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Receivers({ push }: { readonly push: PushWithData }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const format = useFormat();
  const columns: readonly Column<DeliveryOf>[] = [
    {
      header: words.name,
      width: 2,
      cell: ({ subscription }) => (
        <Link to="/pushes/subscriptions/$id/deliveries/$push" params={{ id: subscription, push: push.id }}>
          <SubscriptionName id={subscription} />
        </Link>
      ),
    },
    { header: shared.state, priority: 1, cell: ({ state }) => <Status of="delivery" state={state} /> },
    {
      header: words.answer,
      width: 1.5,
      priority: 1,
      cell: ({ code, status }) => <Failure code={code} status={status} />,
    },
    { header: words.attempts, numeric: true, cell: ({ attemptCount }) => format.number(attemptCount) },
    {
      header: words.reply,
      cell: ({ replyState }) =>
        replyState === null ? <Muted>–</Muted> : (words.replyStates[replyState] ?? replyState),
    },
  ];
  return (
    <Section title={words.deliveries}>
      {push.deliveries.length === 0 ? (
        <Muted>{words.noReceivers}</Muted>
      ) : (
        <Table
          label={words.deliveries}
          columns={columns}
          rows={push.deliveries}
          rowKey={({ subscription }) => subscription}
        />
      )}
    </Section>
  );
}

function SubscriptionName({ id }: { readonly id: string }) {
  const { data } = useRead('GET /v1/subscriptions/:id', { path: { id } }, { constant: true, keepPrevious: false });
  return <>{data?.name ?? id}</>;
}

function Details({ push }: { readonly push: PushWithData }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const format = useFormat();
  const lagMs = Date.parse(push.receivedAt) - Date.parse(push.createTime);
  return (
    <Section title={words.facts}>
      <Facts
        facts={[
          {
            label: words.account,
            value:
              push.appid === null ? (
                <Muted>{words.noAccount}</Muted>
              ) : (
                <>
                  {push.nickName && <span>{push.nickName}</span>}
                  <Id value={push.appid} />
                  {shownHandle(push.handle) && <Muted>{push.handle}</Muted>}
                </>
              ),
          },
          { label: shared.component, value: <Mono>{push.component}</Mono> },
          {
            label: words.received,
            value: (
              <>
                <Moment at={push.receivedAt} />
                <Muted>
                  <Age at={push.receivedAt} />
                </Muted>
              </>
            ),
          },
          { label: words.createTime, value: <Moment at={push.createTime} /> },
          // WeChat's time has whole seconds.
          lagMs >= 1_000 && { label: words.lag, value: format.duration(lagMs) },
          push.note !== null && { label: words.note, value: <Status of="push" state={push.note} /> },
        ]}
      />
      <Muted>{words.contentHidden}</Muted>
    </Section>
  );
}
