import type { Status } from '@wxthirdparty/sdk';
import { ToneIcon } from '../../ui/status.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { useLanguage } from '../../words/language.ts';
import styles from './verdict.module.css';
import { words as ownWords } from './words.ts';

type Component = Status['components'][number];

/** The one sentence: whether the platform can act now, and if not, why and what to do. */
export function Verdict({ status }: { readonly status: Status }) {
  const words = useWords(ownWords);
  const format = useFormat();
  const reasons = status.components.flatMap((component) => component.reasons.map((reason) => ({ component, reason })));
  const works = status.ready && status.components.length > 0;
  const count = Math.max(1, reasons.length);
  return (
    <section className={styles.verdict}>
      <p className={styles.sentence} role="status">
        <ToneIcon tone={works ? 'good' : 'fault'} size={24} />
        {works ? words.works : words.fails(format.number(count))}
      </p>
      {status.components.length === 0 && <p className={styles.reason}>{words.noComponents}</p>}
      {reasons.map(({ component, reason }) => (
        <Reason key={`${component.appid} ${reason}`} component={component} reason={reason} />
      ))}
    </section>
  );
}

function Reason({ component, reason }: { readonly component: Component; readonly reason: string }) {
  const words = useWords(ownWords);
  const language = useLanguage();
  const known = (words.reasons as Readonly<Record<string, string>>)[reason] ?? words.unknownReason(reason);
  const failure = reason === 'component_token_failing' ? component.token?.failure?.message : undefined;
  return (
    <p className={styles.reason}>
      <span className={styles.component}>{component.appid}</span>
      {language === 'zh' ? '：' : ': '}
      {known}
      {failure && ` ${failure}`}
    </p>
  );
}
