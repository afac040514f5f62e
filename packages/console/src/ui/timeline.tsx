import type { ReactNode } from 'react';
import { useFormat } from '../words/format.ts';
import type { Tone } from '../words/status.ts';
import { Moment } from './age.tsx';
import styles from './timeline.module.css';

export interface TimelineStep {
  readonly at: string;
  readonly event: string;
  readonly tone?: Tone;
  readonly detail?: ReactNode;
  /** It is not over: a ring instead of a dot, and no time. */
  readonly open?: boolean;
}

/** What happened, in order: the first time is absolute, the others are relative to it. */
export function Timeline({ label, steps }: { readonly label: string; readonly steps: readonly TimelineStep[] }) {
  const format = useFormat();
  const start = steps[0] ? Date.parse(steps[0].at) : 0;
  return (
    <ol className={styles.timeline} aria-label={label}>
      {steps.map((step, index) => (
        <li key={index} className={styles.step}>
          <span
            className={`${styles.dot} ${styles[step.tone ?? 'off']} ${step.open ? styles.open : ''}`}
            aria-hidden="true"
          />
          <span className={styles.event}>{step.event}</span>
          <span className={styles.time}>
            {step.open ? (
              '…'
            ) : index === 0 ? (
              <Moment at={step.at} precise />
            ) : (
              <time dateTime={step.at} data-tip={format.exactUtc(step.at)}>
                +{format.duration(Math.max(0, Date.parse(step.at) - start))}
              </time>
            )}
          </span>
          <span className={styles.detail}>{step.detail}</span>
        </li>
      ))}
    </ol>
  );
}
