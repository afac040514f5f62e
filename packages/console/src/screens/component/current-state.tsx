import { Age } from '../../ui/age.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Mono } from '../../ui/mono.tsx';
import { Section } from '../../ui/page.tsx';
import { Quote } from '../../ui/quote.tsx';
import { ToneMark } from '../../ui/status.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { sharedWords } from '../../words/shared-words.ts';
import type { ComponentAnswer } from './component-answer.ts';
import { words as ownWords } from './words.ts';

/** Ticket and token by their age and end; their values are shown nowhere. */
export function CurrentState({ component }: { readonly component: ComponentAnswer }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const format = useFormat();
  const { ticket, token, lastPushAt, pushes, refusedIp } = component;
  const { accepted, refused } = pushes.lastHour;
  return (
    <Section title={words.facts}>
      <Facts
        facts={[
          {
            label: shared.ticket,
            value: ticket ? (
              <span>
                {words.received[0]}
                <Age at={ticket.receivedAt} focusable />
                {words.received[1]}
                <Age at={ticket.expiresAt} focusable />
                {words.received[2]}
              </span>
            ) : (
              <ToneMark tone="fault">{words.noTicket}</ToneMark>
            ),
          },
          {
            label: shared.token,
            value: token?.expiresAt ? (
              <span>
                {words.ends[0]}
                <Age at={token.expiresAt} focusable />
                {words.ends[1]}
              </span>
            ) : (
              words.noToken
            ),
          },
          { label: words.lastPush, value: <Age at={lastPushAt} none={words.never} focusable /> },
          {
            label: words.lastHour,
            value: words.hourCounts(format.number(accepted), format.number(refused)),
          },
          refusedIp !== null && {
            label: words.lastRefusedIp,
            value: (
              <span>
                <Mono>{refusedIp.ip}</Mono> · <Age at={refusedIp.at} focusable />
              </span>
            ),
          },
          pushes.lastRefusal !== null && {
            label: words.lastRefusal,
            value: (
              <span>
                <Age at={pushes.lastRefusal.at} focusable /> · HTTP {pushes.lastRefusal.status} ·{' '}
                <Quote>{pushes.lastRefusal.reason}</Quote>
              </span>
            ),
          },
        ]}
      />
    </Section>
  );
}
