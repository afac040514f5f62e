import type { ReactNode } from 'react';
import { serverNow } from '../../api/server-clock.ts';
import { Age } from '../../ui/age.tsx';
import { Banner } from '../../ui/banner.tsx';
import { Quote } from '../../ui/quote.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import type { ComponentAnswer } from './component-answer.ts';
import { tokenRemedies } from './token-remedy.ts';
import { words as ownWords } from './words.ts';

const RECENT_MS = 3_600_000;

/** Why the component cannot act, or soon will not, each with what to do. */
export function Faults({ component }: { readonly component: ComponentAnswer }) {
  const words = useWords(ownWords);
  const format = useFormat();
  const { reasons, token, refusedIp, refusedPushes } = component;
  return (
    <>
      {reasons.map((reason) => {
        const [cause, remedy] = known(words.reasons, reason) ?? words.unknownReason(reason);
        return (
          <Banner key={reason} tone="fault" title={cause}>
            {remedy && <p>{remedy}</p>}
            {reason === 'component_token_failing' && token?.failure && <TokenFailure failure={token.failure} />}
          </Banner>
        );
      })}
      {refusedIp && isRecent(refusedIp.at) && (
        <Banner tone={component.ready ? 'attention' : 'fault'} title={words.refusedIp(refusedIp.ip)}>
          <p>
            {words.refusedIpRemedy} <Age at={refusedIp.at} focusable />
          </p>
        </Banner>
      )}
      {refusedPushes.map(({ reason, count, lastAt }) => {
        const [cause, remedy] = words.refusedPushes[reason];
        return (
          <Banner key={reason} tone="attention" title={cause}>
            <p>
              {remedy} {words.refusedCount(format.number(count))}
              {words.comma}
              {words.lastTime} <Age at={lastAt} focusable />
            </p>
          </Banner>
        );
      })}
    </>
  );
}

type Failure = NonNullable<NonNullable<ComponentAnswer['token']>['failure']>;

function TokenFailure({ failure }: { readonly failure: Failure }): ReactNode {
  const remedies = useWords(tokenRemedies);
  const remedy = failure.errcode === null ? undefined : remedies[failure.errcode];
  return (
    <>
      {remedy && <p>{remedy}</p>}
      <p>
        <Quote>{failure.message}</Quote> <Age at={failure.at} focusable />
      </p>
    </>
  );
}

/** An address that WeChat refused long ago has been permitted since. */
function isRecent(at: string): boolean {
  return serverNow() - Date.parse(at) < RECENT_MS;
}

/** A reason of a newer gateway has no words here. */
function known<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return table[name];
}
