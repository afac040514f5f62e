import { useParams } from '@tanstack/react-router';
import type { CallDetail } from '@wxthirdparty/sdk';
import { useRights } from '../../api/session.ts';
import { REFRESH_MS, useRead } from '../../api/use-read.ts';
import { Age, Moment } from '../../ui/age.tsx';
import { Banner } from '../../ui/banner.tsx';
import { ExternalLink } from '../../ui/external-link.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Link } from '../../ui/link.tsx';
import { Loaded, UpdatedAt } from '../../ui/loaded.tsx';
import { Id, Mono } from '../../ui/mono.tsx';
import { Muted, Page, Section } from '../../ui/page.tsx';
import { Parenthesis } from '../../ui/parenthesis.tsx';
import { Phases, type PhaseTone } from '../../ui/phases.tsx';
import { QuotaBar } from '../../ui/quota-bar.tsx';
import { Quote } from '../../ui/quote.tsx';
import { Status } from '../../ui/status.tsx';
import { Timeline } from '../../ui/timeline.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { useLanguage } from '../../words/language.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { shownHandle } from '../../words/shown-handle.ts';
import { statuses } from '../../words/status.ts';
import { words as ownWords } from './call-words.ts';
import { Cancel } from './cancel.tsx';
import { errcodeOf, outcomeOf } from './outcome.ts';
import { type PhaseName, phasesOf } from './phases.ts';
import { shortPath } from './query.ts';
import { timelineSteps, unansweredWords } from './timeline-steps.tsx';

const WAITING_REFRESH_MS = 2_000;

/** A settled call changes only by its callback. */
const refreshOf = (call: CallDetail | undefined) => (call && call.settledAt === null ? WAITING_REFRESH_MS : REFRESH_MS);

/** One call: how it ended, what to do, and what happened to it. */
export function Call() {
  const words = useWords(ownWords);
  const { id } = useParams({ strict: false }) as { readonly id: string };
  const { mayWrite } = useRights();
  const read = useRead('GET /v1/calls/:id', { path: { id } }, { refreshMs: refreshOf, keepPrevious: false });
  const call = read.data;
  const isWaiting = call?.state === 'queued' || call?.state === 'delayed';
  return (
    <Page
      title={shortPath(call?.path ?? '') || (read.error?.code === 'unknown_call' ? words.unknownCall : words.title)}
      back={<Link to="/calls">{words.back}</Link>}
      beside={
        <>
          {call && <Status of="call" state={outcomeOf(call)} />}
          <Id value={id} shown={`…${id.slice(id.lastIndexOf('.') + 1)}`} />
        </>
      }
      actions={isWaiting && mayWrite('calls') && <Cancel id={id} path={call?.path ?? ''} />}
    >
      <Loaded read={read} failed={words.failed} lines={8}>
        {(data: CallDetail) => (
          <>
            <Outcome call={data} />
            <Way call={data} />
            <Details call={data} />
            <UpdatedAt read={read} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

/** The outcome in words, and the remedy. */
function Outcome({ call }: { readonly call: CallDetail }) {
  const words = useWords(ownWords);
  const language = useLanguage();
  const outcome = outcomeOf(call);
  const errcode = errcodeOf(call);
  const { tone } = statuses.call[outcome];
  if (outcome === 'outcome_unknown') return <OutcomeUnknown call={call} />;
  const title =
    outcome === 'refused'
      ? words.outcome.refused(errcode ?? 0)
      : outcome === 'failed' && errcode !== undefined
        ? `${words.outcome.failed}${language === 'zh' ? '：' : ': '}${errcode}`
        : words.outcome[outcome];
  return (
    <Banner
      tone={tone}
      title={title}
      actions={call.explanation?.link && <ExternalLink href={call.explanation.link}>{words.wechatPage}</ExternalLink>}
    >
      {call.explanation && <p>{call.explanation[language]}</p>}
      {outcome === 'cancelled' && <p>{words.cancelledText}</p>}
      <Reopening call={call} />
    </Banner>
  );
}

/** Nothing is offered here that could carry it out twice. */
function OutcomeUnknown({ call }: { readonly call: CallDetail }) {
  const words = useWords(ownWords);
  const format = useFormat();
  return (
    <Banner tone="attention" title={words.outcome.unknown}>
      <p>{words.unknownText}</p>
      <ul>
        {attemptsOf(call).map(({ attempt, at, end }) => (
          <li key={attempt}>
            {words.attemptSent(attempt)} <Moment at={at} precise />
            {words.colon}
            {end?.unanswered
              ? unansweredWords(end.unanswered, { own: words, format })
              : end?.status !== undefined
                ? `HTTP ${end.status}, ${words.unreadable}`
                : call.failure && <Quote>{call.failure.message}</Quote>}
          </li>
        ))}
      </ul>
      <p>{words.unknownNoRetry}</p>
    </Banner>
  );
}

interface Attempt {
  readonly attempt: number;
  readonly at: string;
  /** Undefined if the process that sent it ended. */
  readonly end?: { readonly status?: number; readonly unanswered?: { readonly code: string; readonly ms: number } };
}

/** What is known of each attempt. */
function attemptsOf({ timeline }: CallDetail): Attempt[] {
  const attempts: Attempt[] = [];
  const endLast = (end: NonNullable<Attempt['end']>) => {
    const last = attempts.at(-1);
    if (last) attempts[attempts.length - 1] = { ...last, end: { ...last.end, ...end } };
  };
  for (const event of timeline ?? []) {
    if (event.event === 'sent') attempts.push({ attempt: event.attempt ?? attempts.length + 1, at: event.at });
    if (event.event === 'answered') endLast({ status: event.detail.status });
    if ((event.event === 'retried' || event.event === 'settled') && event.detail.unanswered) {
      endLast({ unanswered: event.detail.unanswered });
    }
  }
  return attempts;
}

/** WeChat's answers when the calls of a day or of a minute are used up. */
const USED_UP: readonly unknown[] = [45_009, 45_011, 44_991];

/** When the API may be called again, if that is what the call waits for or failed for. */
function Reopening({ call }: { readonly call: CallDetail }) {
  const words = useWords(ownWords);
  const closedUntil = call.quota?.closedUntil;
  const hasSettled = call.settledAt !== null;
  if (!closedUntil || (hasSettled && !USED_UP.includes(errcodeOf(call)) && call.failure?.code !== 'quota_closed'))
    return null;
  return (
    <p>
      {words.reopens} <Moment at={closedUntil} />
      <Parenthesis>
        <Age at={closedUntil} />
      </Parenthesis>
    </p>
  );
}

const phaseTones: Readonly<Record<PhaseName, PhaseTone>> = {
  waiting: 'waiting',
  token: 'unwanted',
  wechat: 'away',
  storing: 'own',
  pause: 'unwanted',
  parked: 'unwanted',
};

function Way({ call }: { readonly call: CallDetail }) {
  const words = useWords(ownWords);
  const language = useLanguage();
  const phases = phasesOf(call.timeline ?? []);
  return (
    <Section title={words.timeline}>
      {call.timeline === null ? (
        <Muted>{words.noTimeline}</Muted>
      ) : (
        <>
          {phases.length > 1 && (
            <Phases
              label={words.phases}
              phases={phases.map(({ name, ms }) => ({ word: words.phase[name], ms, tone: phaseTones[name] }))}
            />
          )}
          <Timeline label={words.timeline} steps={timelineSteps(call, language)} />
        </>
      )}
    </Section>
  );
}

function Details({ call }: { readonly call: CallDetail }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const format = useFormat();
  const { mayRead } = useRights();
  const { appid = '', component = '', answered, quota, rid } = call;
  const received = call.timeline?.find((event) => event.event === 'received');
  return (
    <Section title={words.facts}>
      <Facts
        facts={[
          {
            label: words.account,
            value: (
              <>
                {call.nickName !== null && mayRead('authorizers:read') && (
                  <Link to="/accounts/$appid" params={{ appid }}>
                    {call.nickName}
                  </Link>
                )}
                <Id value={appid} />
                {shownHandle(call.handle) && <Muted>{call.handle}</Muted>}
                {appid !== component && (
                  <Link to="/calls" search={{ appid } as never}>
                    {words.itsCalls}
                  </Link>
                )}
              </>
            ),
          },
          { label: shared.component, value: <Mono>{component}</Mono> },
          {
            label: shared.path,
            value: (
              <Mono>
                {call.method} {call.path}
              </Mono>
            ),
          },
          received?.event === 'received' && { label: words.kindOfCall, value: words.kind[received.detail.kind] },
          {
            label: words.key,
            value:
              call.key === null ? (
                <Muted>{words.noKey}</Muted>
              ) : (
                <>
                  <span>{call.key.name ?? words.removedKey}</span>
                  {call.key.name !== call.key.id && <Mono>{call.key.id}</Mono>}
                </>
              ),
          },
          rid !== null && { label: 'rid', value: <Id value={rid} /> },
          call.failure !== null && { label: words.sourceCode, value: <Mono>{call.failure.code}</Mono> },
          { label: words.attempts, value: format.number(call.attempts) },
          {
            label: words.created,
            value: (
              <>
                <Moment at={call.createdAt} />
                <Muted>
                  <Age at={call.createdAt} />
                </Muted>
              </>
            ),
          },
          call.settledAt !== null && {
            label: words.settled,
            value: (
              <>
                <Moment at={call.settledAt} />
                <Muted>{words.took(format.duration(Date.parse(call.settledAt) - Date.parse(call.createdAt)))}</Muted>
              </>
            ),
          },
          call.notBeforeAt !== null && { label: words.notBefore, value: <Moment at={call.notBeforeAt} /> },
          call.settledAt === null && { label: words.deadline, value: <Moment at={call.deadlineAt} /> },
          call.requestBytes !== undefined && { label: words.request, value: format.bytes(call.requestBytes) },
          answered !== null && {
            label: words.answer,
            value: call.response === null ? words.answerNotKept : words.answerKept(format.bytes(answered.bytes ?? 0)),
          },
          quota !== null && {
            label: words.quotaNow,
            value: (
              <QuotaBar used={quota.used} limit={quota.limit}>
                {quota.closedUntil && (
                  <>
                    {words.closedUntil} <Moment at={quota.closedUntil} />
                  </>
                )}
              </QuotaBar>
            ),
          },
        ]}
      />
    </Section>
  );
}
