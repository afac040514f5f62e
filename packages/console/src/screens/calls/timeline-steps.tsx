import type { CallDetail, TimelineEvent } from '@wxthirdparty/sdk';
import type { ReactNode } from 'react';
import { Moment } from '../../ui/age.tsx';
import { Id } from '../../ui/mono.tsx';
import { Muted } from '../../ui/page.tsx';
import { QuotaBar } from '../../ui/quota-bar.tsx';
import type { TimelineStep } from '../../ui/timeline.tsx';
import type { Words } from '../../words/define-words.ts';
import { type Format, formats } from '../../words/format.ts';
import type { Language } from '../../words/language.ts';
import { statuses, type Tone } from '../../words/status.ts';
import { words } from './call-words.ts';
import { Meaning } from './meaning.tsx';
import { outcomeOf } from './outcome.ts';

type WordsOf<W> = W extends Words<infer Own> ? Own : never;

interface Told {
  readonly own: WordsOf<typeof words>;
  readonly format: Format;
}

/** The events of a call in words, and what it waits for now. */
export function timelineSteps(call: CallDetail, language: Language): TimelineStep[] {
  const told: Told = { own: words[language], format: formats[language] };
  const steps: TimelineStep[] = (call.timeline ?? []).map((event) => ({
    at: event.at,
    event: told.own.event[event.event],
    tone: toneOf(event, call),
    detail: detailOf(event, call, language, told),
  }));
  if (call.settledAt === null) steps.push({ ...presentOf(call, told), at: call.createdAt });
  return steps;
}

function toneOf(event: TimelineEvent, call: CallDetail): Tone {
  switch (event.event) {
    case 'received':
    case 'queued':
      return 'off';
    case 'sent':
      return 'progress';
    case 'token_waited':
    case 'parked':
    case 'retried':
      return 'attention';
    case 'answered':
      if (event.detail.code !== null) return 'attention';
      return (event.detail.errcode ?? 0) === 0 ? 'good' : 'fault';
    case 'settled':
      return statuses.call[outcomeOf(call)].tone;
    case 'callback':
      return event.detail.result === 'delivered' ? 'good' : 'fault';
    default:
      return event satisfies never;
  }
}

function detailOf(event: TimelineEvent, call: CallDetail, language: Language, { own, format }: Told): ReactNode {
  switch (event.event) {
    case 'received': {
      const { kind, orderKey } = event.detail;
      return (
        <>
          <span>{own.kind[kind]}</span>
          {call.key && (
            <span>
              {own.withKey} {call.key.name ?? call.key.id}
            </span>
          )}
          {orderKey && <span>{own.withOrderKey}</span>}
        </>
      );
    }
    case 'queued':
      return null;
    case 'token_waited':
      return format.duration(event.detail.ms);
    case 'sent': {
      const { quota } = event.detail;
      return (
        <>
          {event.attempt !== null && <span>{own.attempt(event.attempt)}</span>}
          {quota && <QuotaBar used={quota.used} limit={quota.limit} />}
        </>
      );
    }
    case 'answered': {
      const { ms, status, errcode, rid, code } = event.detail;
      return (
        <>
          <span>
            {code !== null && `HTTP ${status}, ${own.unanswered[code] ?? code}`}
            {code === null && (errcode ?? 0) === 0 && own.accepted}
            {code === null && errcode !== null && errcode !== 0 && <Meaning errcode={errcode} />}
          </span>
          <Muted>{format.duration(ms)}</Muted>
          {rid !== null && (
            <span>
              rid <Id value={rid} />
            </span>
          )}
        </>
      );
    }
    case 'parked':
      return (
        <>
          <span>{own.parked[event.detail.reason]}</span>
          <span>
            {own.until} <Moment at={event.detail.until} />
          </span>
        </>
      );
    case 'retried': {
      const { reason, afterMs, unanswered } = event.detail;
      return (
        <>
          {unanswered && <span>{unansweredWords(unanswered, { own, format })}</span>}
          <span>{own.reason[reason]}</span>
          <Muted>{afterMs === 0 ? own.againAtOnce : own.again(format.duration(afterMs))}</Muted>
        </>
      );
    }
    case 'settled': {
      const { unanswered, code } = event.detail;
      const outcome = statuses.call[outcomeOf(call)][language];
      return (
        <>
          {unanswered && <span>{unansweredWords(unanswered, { own, format })}</span>}
          <span>{outcome}</span>
          {code !== null && code !== 'outcome_unknown' && <Muted>{code}</Muted>}
        </>
      );
    }
    case 'callback': {
      const { result, status } = event.detail;
      return (
        <>
          <span>{own.callback[result]}</span>
          {status !== null && <Muted>HTTP {status}</Muted>}
        </>
      );
    }
    default:
      return event satisfies never;
  }
}

/** `no answer after 5.0 s: the connection broke` */
export function unansweredWords(unanswered: { readonly code: string; readonly ms: number }, { own, format }: Told) {
  const why = own.unanswered[unanswered.code] ?? unanswered.code;
  return own.noAnswer(format.duration(unanswered.ms), why);
}

function presentOf({ state, quota, notBeforeAt }: CallDetail, { own }: Told): Omit<TimelineStep, 'at'> {
  if (state === 'running') return { event: own.event.answered, tone: 'progress', open: true, detail: own.atWeChat };
  const event = own.event.sent;
  if (quota?.closedUntil) {
    const detail = (
      <>
        <span>{own.waitsForQuota}</span>
        <Moment at={quota.closedUntil} />
      </>
    );
    return { event, tone: 'progress', open: true, detail };
  }
  const isEarly = notBeforeAt !== null && Date.parse(notBeforeAt) > Date.now();
  return { event, tone: 'progress', open: true, detail: isEarly ? own.waitsForTime : own.waitsForSlot };
}
