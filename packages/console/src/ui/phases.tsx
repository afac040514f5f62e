import { useFormat } from '../words/format.ts';
import styles from './phases.module.css';

/** Waiting, work of another party, work of our own, or what should not be. */
export type PhaseTone = 'waiting' | 'away' | 'own' | 'unwanted';

export interface Phase {
  readonly word: string;
  readonly ms: number;
  readonly tone: PhaseTone;
}

/** So that a short phase remains visible. */
const MIN_SHARE = 0.012;

/** How a duration is divided: a bar, and below it each phase in words. Phases of the same word have one entry there. */
export function Phases({ label, phases }: { readonly label: string; readonly phases: readonly Phase[] }) {
  const format = useFormat();
  const total = phases.reduce((sum, { ms }) => sum + ms, 0);
  const sums = new Map<string, Phase>();
  for (const phase of phases) sums.set(phase.word, { ...phase, ms: phase.ms + (sums.get(phase.word)?.ms ?? 0) });
  return (
    <figure className={styles.phases} aria-label={label}>
      <div className={styles.bar} aria-hidden="true">
        {phases.map(({ word, ms, tone }, index) => (
          <span
            key={index}
            className={`${styles.phase} ${styles[tone]}`}
            style={{ flexGrow: Math.max(ms, total * MIN_SHARE, 1) }}
            data-tip={`${word} ${format.duration(ms)}`}
          />
        ))}
      </div>
      <ul className={styles.legend}>
        {[...sums.values()].map(({ word, ms, tone }) => (
          <li key={word} className={styles.entry}>
            <span className={`${styles.swatch} ${styles[tone]}`} aria-hidden="true" />
            {word} <span className={styles.ms}>{format.duration(ms)}</span>
          </li>
        ))}
      </ul>
    </figure>
  );
}
