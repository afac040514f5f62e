import { useLanguage } from '../words/language.ts';
import { type StateOf, type Subject, shownStatus, type Tone } from '../words/status.ts';
import { Icon, type IconName } from './icon.tsx';
import styles from './status.module.css';

const icons: Readonly<Record<Tone, IconName>> = {
  good: 'check',
  attention: 'triangle',
  fault: 'cross',
  progress: 'clock',
  off: 'dash',
};

interface Props<S extends Subject> {
  readonly of: S;
  /** The known states are suggested; another one is shown by its code. */
  readonly state: StateOf<S> | (string & {});
  /** More words, after the state's own. */
  readonly children?: React.ReactNode;
}

/** A state as icon, word and colour. */
export function Status<S extends Subject>({ of, state, children }: Props<S>) {
  const { tone, word } = shownStatus(of, String(state), useLanguage());
  return (
    <ToneMark tone={tone}>
      {word}
      {children}
    </ToneMark>
  );
}

/** Words of a tone, for sentences that no table of states has. */
export function ToneMark({ tone, children }: { readonly tone: Tone; readonly children: React.ReactNode }) {
  return (
    <span className={`${styles.status} ${styles[tone]}`}>
      <Icon name={icons[tone]} size={12} />
      <span className={styles.word}>{children}</span>
    </span>
  );
}

export function ToneIcon({ tone, size }: { readonly tone: Tone; readonly size: 16 | 24 }) {
  return (
    <span className={`${styles.status} ${styles[tone]}`}>
      <Icon name={icons[tone]} size={size} />
    </span>
  );
}
