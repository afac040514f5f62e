import { useParams } from '@tanstack/react-router';
import type { Subscription as SubscriptionOf } from '@wxthirdparty/sdk';
import type { ReactNode } from 'react';
import { useRights } from '../../api/session.ts';
import { useRead } from '../../api/use-read.ts';
import { Actor } from '../../ui/actor.tsx';
import { Age, Moment } from '../../ui/age.tsx';
import { Banner } from '../../ui/banner.tsx';
import { type Fact, Facts } from '../../ui/facts.tsx';
import { Link } from '../../ui/link.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Id, Mono } from '../../ui/mono.tsx';
import { useTextOfNow } from '../../ui/now.ts';
import { Muted, Page, Section } from '../../ui/page.tsx';
import { Parenthesis } from '../../ui/parenthesis.tsx';
import { Status } from '../../ui/status.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { Deliveries } from './deliveries.tsx';
import { shownUrl } from './endpoint.ts';
import { FailureWithRemedy } from './failure.tsx';
import { SubscriptionActions } from './subscription-actions.tsx';
import { Backlog } from './subscriptions.tsx';
import { words as ownWords } from './words.ts';

/** One subscription: whether it is behind and why, its deliveries, its settings. */
export function Subscription() {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const { mayWrite } = useRights();
  const { id } = useParams({ strict: false }) as { readonly id: string };
  const read = useRead('GET /v1/subscriptions/:id', { path: { id } }, { keepPrevious: false });
  const subscription = read.data;
  return (
    <Page
      title={subscription?.name ?? shared.subscriptions}
      back={<Link to="/pushes">{shared.subscriptions}</Link>}
      beside={
        <>
          {subscription && <Status of="subscription" state={subscription.state} />}
          <Id value={id} />
        </>
      }
      actions={subscription && mayWrite('pushes:write') && <SubscriptionActions subscription={subscription} />}
    >
      <Loaded read={read} failed={words.subscriptionFailed} lines={8}>
        {(data: SubscriptionOf) => (
          <>
            <Health subscription={data} />
            <Deliveries subscription={id} failing={data.state === 'failing'} />
            <Settings subscription={data} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Health({ subscription }: { readonly subscription: SubscriptionOf }) {
  const words = useWords(ownWords);
  const { state, reason, failingSince, behindSince, lastFailure, lastSuccessAt, backlog, nextAttemptAt } = subscription;
  return (
    <>
      {state === 'paused' && (
        <Banner
          tone={reason === 'manual' || reason === null ? 'attention' : 'fault'}
          title={words.paused[reason ?? 'manual']}
        >
          <LastFailure lastFailure={reason === 'manual' ? null : lastFailure} />
        </Banner>
      )}
      {state === 'failing' && (
        <Banner tone="fault" title={words.failingTitle}>
          {failingSince !== null && (
            <p>
              {words.failingSince} <Moment at={failingSince} />
              <Parenthesis>
                <Age at={failingSince} />
              </Parenthesis>
            </p>
          )}
          <NextAttempt at={nextAttemptAt} />
          <LastFailure lastFailure={lastFailure} />
        </Banner>
      )}
      {state === 'active' && nextAttemptAt && (
        <Banner tone="attention" title={words.heldTitle}>
          <NextAttempt at={nextAttemptAt} />
        </Banner>
      )}
      <Facts
        facts={[
          { label: words.backlog, value: <Backlog {...backlog} /> },
          { label: words.lastSuccess, value: <Age at={lastSuccessAt} none={words.never} focusable /> },
          (state === 'active' || reason === 'manual') && {
            label: words.lastFailure,
            value:
              lastFailure === null ? (
                <Muted>{words.noFailure}</Muted>
              ) : (
                <>
                  <span>
                    <FailureWithRemedy {...lastFailure} />
                  </span>
                  <Muted>
                    <Age at={lastFailure.at} />
                  </Muted>
                </>
              ),
          },
          behindSince !== null && { label: words.behind, value: <Moment at={behindSince} /> },
        ]}
      />
    </>
  );
}

/** An older gateway sends none. */
function NextAttempt({ at }: { readonly at: string | null | undefined }) {
  const words = useWords(ownWords);
  const format = useFormat();
  const text = useTextOfNow((now) => {
    const waitsMs = at == null ? 0 : Date.parse(at) - now;
    return waitsMs <= 0 ? words.soon : format.age(-waitsMs);
  });
  if (at == null) return null;
  return (
    <p>
      {words.nextAttempt} <Moment at={at} />
      <Parenthesis>{text}</Parenthesis>
    </p>
  );
}

function LastFailure({ lastFailure }: Pick<SubscriptionOf, 'lastFailure'>) {
  if (lastFailure === null) return null;
  return (
    <p>
      <FailureWithRemedy {...lastFailure} />
    </p>
  );
}

function Settings({ subscription }: { readonly subscription: SubscriptionOf }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const format = useFormat();
  const { url, messageUrl, mode, component, filter, reply, maxInFlight, timeoutMs, giveUpAfterMs, lastTicket } =
    subscription;
  return (
    <Section title={words.settings}>
      <Facts
        facts={
          [
            { label: words.url, value: <Mono>{shownUrl(url)}</Mono> },
            messageUrl !== null && { label: words.messageUrl, value: <Mono>{shownUrl(messageUrl)}</Mono> },
            {
              label: words.format,
              value: (
                <>
                  <span>{words.formats[subscription.format]}</span>
                  {mode !== null && <span>{words.modes[mode]}</span>}
                </>
              ),
            },
            component !== null && { label: shared.component, value: <Mono>{component}</Mono> },
            { label: words.filter, value: <FilterWords filter={filter} /> },
            {
              label: words.reply,
              value:
                reply === null ? words.noReply : words.replyTerms(format.duration(reply.waitMs), reply.late !== null),
            },
            { label: words.parallel, value: format.number(maxInFlight) },
            { label: words.timeout, value: format.duration(timeoutMs) },
            {
              label: words.giveUp,
              value: giveUpAfterMs === null ? words.giveUpDefault : format.duration(giveUpAfterMs),
            },
            lastTicket !== null && { label: words.lastTicket, value: <Age at={lastTicket.at} focusable /> },
            { label: words.createdBy, value: <Actor id={subscription.createdBy} name={subscription.createdByName} /> },
            { label: words.created, value: <Moment at={subscription.createdAt} /> },
            { label: words.changed, value: <Moment at={subscription.updatedAt} /> },
          ] satisfies (Fact | false)[]
        }
      />
    </Section>
  );
}

/** Users are only counted: their openids are not for every operator. */
function FilterWords({ filter }: Pick<SubscriptionOf, 'filter'>) {
  const words = useWords(ownWords);
  const format = useFormat();
  const { types, accounts, handles, components, openids, where } = filter;
  const lists: readonly (readonly [string, readonly string[] | undefined])[] = [
    [words.filterTypes, types],
    [words.filterAccounts, accounts],
    [words.filterHandles, handles],
    [words.filterComponents, components],
    [words.filterFields, where && Object.keys(where)],
  ];
  const parts: ReactNode[] = lists.flatMap(([label, values]) =>
    values === undefined
      ? []
      : [
          <span key={label}>
            {label} <Mono>{values.join(', ')}</Mono>
          </span>,
        ],
  );
  if (openids !== undefined) parts.push(<span key="people">{words.filterPeople(format.number(openids.length))}</span>);
  return parts.length === 0 ? words.filterAll : parts;
}
