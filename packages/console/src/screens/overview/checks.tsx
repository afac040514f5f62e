import type { DoctorCheck } from '@wxthirdparty/sdk';
import { useEffect, useRef } from 'react';
import type { Action } from '../../ui/action.tsx';
import { Button } from '../../ui/button.tsx';
import { Copy } from '../../ui/copy.tsx';
import { Details } from '../../ui/details.tsx';
import { ErrorNotice } from '../../ui/error-notice.tsx';
import { Section } from '../../ui/page.tsx';
import { Skeleton } from '../../ui/skeleton.tsx';
import { Status, ToneMark } from '../../ui/status.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { useText } from '../../words/text.ts';
import { checkWords } from './check-words.ts';
import styles from './finding.module.css';
import { words as ownWords } from './words.ts';

type Found = Pick<DoctorCheck, 'cause' | 'remedy' | 'command'>;
type Checks = { readonly items: readonly DoctorCheck[] };

/** What the doctor has found: faults first, and all other checks on request. */
export function Checks({ run }: { readonly run: Action<void, Checks> }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const place = useRef<HTMLDivElement>(null);
  const { busy, answer, error } = run;
  // The button is at the top of a page that may be scrolled.
  useEffect(() => {
    if (busy) place.current?.scrollIntoView({ block: 'nearest' });
  }, [busy]);
  if (!busy && !answer && !error) return null;
  return (
    <div ref={place}>
      <Section
        title={words.checks}
        beside={
          busy ? <ToneMark tone="progress">{words.checking}</ToneMark> : answer && <Summary checks={answer.items} />
        }
        actions={!busy && <Button onClick={run.reset}>{shared.close}</Button>}
      >
        {busy && <Skeleton lines={3} />}
        {!busy && error && <ErrorNotice title={words.checksFailed} error={error} onRetry={() => run.start()} />}
        {!busy && answer && <Results checks={answer.items} />}
      </Section>
    </div>
  );
}

function Summary({ checks }: { readonly checks: readonly DoctorCheck[] }) {
  const words = useWords(ownWords);
  const format = useFormat();
  const count = (status: DoctorCheck['status']) => checks.filter((check) => check.status === status).length;
  const [failed, warned] = [count('fail'), count('warn')];
  return (
    <span role="status">
      {failed + warned === 0 ? (
        <ToneMark tone="good">{words.nothingWrong}</ToneMark>
      ) : (
        <ToneMark tone={failed > 0 ? 'fault' : 'attention'}>
          {words.found(format.number(failed), format.number(warned))}
        </ToneMark>
      )}
    </span>
  );
}

function Results({ checks }: { readonly checks: readonly DoctorCheck[] }) {
  const words = useWords(ownWords);
  const format = useFormat();
  const isFault = ({ status }: DoctorCheck) => status === 'fail' || status === 'warn';
  const faults = [
    ...checks.filter(({ status }) => status === 'fail'),
    ...checks.filter(({ status }) => status === 'warn'),
  ];
  const others = checks.filter((check) => !isFault(check));
  return (
    <>
      {faults.length > 0 && (
        <ul className={styles.findings}>
          {faults.map((check) => (
            <CheckLine key={check.name} check={check} />
          ))}
        </ul>
      )}
      {others.length > 0 && (
        <Details summary={words.otherChecks(format.number(others.length))}>
          <ul className={styles.findings}>
            {others.map((check) => (
              <CheckLine key={check.name} check={check} />
            ))}
          </ul>
        </Details>
      )}
    </>
  );
}

function CheckLine({ check }: { readonly check: DoctorCheck }) {
  const names: Readonly<Record<string, string>> = useWords(checkWords);
  const format = useFormat();
  const { name, status, found, also, ms } = check;
  return (
    <li className={styles.finding}>
      <span className={styles.state}>
        <Status of="check" state={status} />
      </span>
      <div className={styles.text}>
        <p className={styles.cause}>{names[name] ?? name}</p>
        <FoundText found={check} />
        {also.map((fault) => (
          <FoundText key={fault.code} found={fault} />
        ))}
        <p className={styles.more}>
          {found && <span>{found}</span>}
          <span>{format.duration(ms)}</span>
        </p>
      </div>
    </li>
  );
}

function FoundText({ found: { cause, remedy, command } }: { readonly found: Found }) {
  const text = useText();
  return (
    <>
      {cause && <p>{text(cause)}</p>}
      {remedy && <p>{text(remedy)}</p>}
      {command && (
        <p className={styles.command}>
          {command}
          <Copy text={command} />
        </p>
      )}
    </>
  );
}
