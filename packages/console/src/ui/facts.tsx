import type { ReactNode } from 'react';
import styles from './facts.module.css';

export interface Fact {
  readonly label: string;
  readonly value: ReactNode;
  /** At the right end of the line, for example a button. */
  readonly action?: ReactNode;
}

/** What is known about one thing, a label and a value on each line. Facts that do not exist are skipped. */
export function Facts({ facts }: { readonly facts: readonly (Fact | undefined | false)[] }) {
  return (
    <dl className={styles.facts}>
      {facts.map(
        (fact) =>
          fact && (
            <div className={styles.fact} key={fact.label}>
              <dt className={styles.label}>{fact.label}</dt>
              <dd className={styles.value}>{fact.value}</dd>
              {fact.action && <dd className={styles.action}>{fact.action}</dd>}
            </div>
          ),
      )}
    </dl>
  );
}
