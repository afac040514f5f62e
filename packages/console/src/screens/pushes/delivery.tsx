import { useParams } from '@tanstack/react-router';
import type { DeliveryWithAttempts } from '@wxthirdparty/sdk';
import { useRights } from '../../api/session.ts';
import { useRead } from '../../api/use-read.ts';
import { Moment } from '../../ui/age.tsx';
import { Banner } from '../../ui/banner.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Link } from '../../ui/link.tsx';
import { Loaded, UpdatedAt } from '../../ui/loaded.tsx';
import { Id } from '../../ui/mono.tsx';
import { Muted, Page, Section } from '../../ui/page.tsx';
import { Status } from '../../ui/status.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { useLanguage } from '../../words/language.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { shownHandle } from '../../words/shown-handle.ts';
import { statuses } from '../../words/status.ts';
import { Due } from './due.tsx';
import { FailureWithRemedy } from './failure.tsx';
import { Retry } from './retry.tsx';
import { words as ownWords } from './words.ts';

type Attempt = DeliveryWithAttempts['attempts'][number];

/** One push for one subscription: its state, and why its attempts failed. */
export function Delivery() {
  const words = useWords(ownWords);
  const { mayWrite } = useRights();
  const { id, push } = useParams({ strict: false }) as { readonly id: string; readonly push: string };
  const path = { id, push };
  const read = useRead('GET /v1/subscriptions/:id/deliveries/:push', { path }, { keepPrevious: false });
  const { data } = useRead('GET /v1/subscriptions/:id', { path: { id } }, { refreshMs: false, keepPrevious: false });
  return (
    <Page
      title={read.data?.type ?? words.push}
      back={
        <Link to="/pushes/subscriptions/$id" params={{ id }}>
          {data?.name ?? words.backToSubscription}
        </Link>
      }
      beside={
        <>
          {read.data && <Status of="delivery" state={read.data.state} />}
          <Id value={push} />
        </>
      }
      actions={mayWrite('pushes:write') && read.data && <Retry subscription={id} push={push} />}
    >
      <Loaded read={read} failed={words.deliveryFailed} lines={6}>
        {(delivery: DeliveryWithAttempts) => (
          <>
            <Outcome delivery={delivery} failing={data?.state === 'failing'} />
            <Attempts attempts={delivery.attempts} />
            <Details delivery={delivery} />
            <UpdatedAt read={read} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Outcome({ delivery, failing }: { readonly delivery: DeliveryWithAttempts; readonly failing: boolean }) {
  const language = useLanguage();
  const { state, code, status, nextAttemptAt } = delivery;
  const shown = statuses.delivery[state];
  return (
    <Banner tone={shown.tone} title={shown[language]}>
      {code !== null && (
        <p>
          <FailureWithRemedy code={code} status={status} />
        </p>
      )}
      {nextAttemptAt !== null && (
        <p>
          <Due at={nextAttemptAt} held={failing} />
        </p>
      )}
    </Banner>
  );
}

function Attempts({ attempts }: Pick<DeliveryWithAttempts, 'attempts'>) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const format = useFormat();
  const columns: readonly Column<Attempt>[] = [
    { header: shared.time, width: 1.5, cell: ({ at }) => <Moment at={at} precise /> },
    { header: words.number, numeric: true, width: 0.6, cell: ({ number }) => format.number(number) },
    {
      header: words.answer,
      width: 4,
      priority: 1,
      wrap: true,
      cell: ({ code, status }) => <FailureWithRemedy code={code} status={status} />,
    },
    { header: words.duration, numeric: true, priority: 1, cell: ({ ms }) => format.duration(ms) },
  ];
  return (
    <Section title={words.failedAttempts}>
      {attempts.length === 0 ? (
        <Muted>{words.noFailedAttempts}</Muted>
      ) : (
        <>
          <Table
            label={words.failedAttempts}
            columns={columns}
            rows={attempts.toReversed()}
            rowKey={({ number, at }) => `${number} ${at}`}
          />
          <Muted>{words.failedAttemptsOnly}</Muted>
        </>
      )}
    </Section>
  );
}

function Details({ delivery }: { readonly delivery: DeliveryWithAttempts }) {
  const words = useWords(ownWords);
  const format = useFormat();
  const { reply } = delivery;
  return (
    <Section title={words.facts}>
      <Facts
        facts={[
          {
            label: words.push,
            value: (
              <Link to="/pushes/$id" params={{ id: delivery.push }}>
                {delivery.push}
              </Link>
            ),
          },
          {
            label: words.account,
            value:
              delivery.appid === null ? (
                <Muted>{words.noAccount}</Muted>
              ) : (
                <>
                  {delivery.nickName && <span>{delivery.nickName}</span>}
                  <Id value={delivery.appid} />
                  {shownHandle(delivery.handle) && <Muted>{delivery.handle}</Muted>}
                </>
              ),
          },
          { label: words.attempts, value: format.number(delivery.attemptCount) },
          delivery.ms !== null && { label: words.duration, value: format.duration(delivery.ms) },
          delivery.settledAt !== null && { label: words.settled, value: <Moment at={delivery.settledAt} /> },
          reply !== null && { label: words.reply, value: words.replyStates[reply.state] ?? reply.state },
          reply?.callId != null && {
            label: words.lateReply,
            value: (
              <Link to="/calls/$id" params={{ id: reply.callId }}>
                {reply.callId}
              </Link>
            ),
          },
        ]}
      />
    </Section>
  );
}
