import type { ReactNode } from 'react';
import type { Tone } from '../words/status.ts';
import styles from './banner.module.css';
import { ToneIcon } from './status.tsx';

interface Props {
  readonly tone: Tone;
  readonly title: ReactNode;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
  /** Read out at once: what follows from the operator's own action. */
  readonly announce?: boolean;
}

/** A sentence about the whole page or section, with what to do. */
export function Banner({ tone, title, children, actions, announce = false }: Props) {
  return (
    <div className={`${styles.banner} ${styles[tone]}`} {...(announce ? { role: 'status' } : {})}>
      <ToneIcon tone={tone} size={16} />
      <div className={styles.text}>
        <p className={styles.title}>{title}</p>
        {children}
      </div>
      {actions && <div className={styles.actions}>{actions}</div>}
    </div>
  );
}
