import { useEffect, useState } from 'react';
import { useWords } from '../words/define-words.ts';
import { sharedWords } from '../words/shared-words.ts';
import styles from './skeleton.module.css';

/** What is loaded faster than this needs no placeholder. */
const DELAY_MS = 150;

/** Lines of the final height, after a moment; before it their space is empty, so that nothing moves. */
export function Skeleton({ lines = 3 }: { readonly lines?: number }) {
  const words = useWords(sharedWords);
  const visible = useDelayed();
  return (
    <div className={visible ? styles.lines : styles.space} aria-busy="true">
      <span className={styles.label}>{words.loading}</span>
      {Array.from({ length: lines }, (_, line) => (
        <div key={line} className={styles.line} />
      ))}
    </div>
  );
}

export function useDelayed(delayMs = DELAY_MS): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setOver(true), delayMs);
    return () => clearTimeout(timer);
  }, [delayMs]);
  return over;
}
