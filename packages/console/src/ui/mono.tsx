import type { ReactNode } from 'react';
import { Copy } from './copy.tsx';
import styles from './mono.module.css';

/** An id, an appid or a path. */
export function Mono({ children }: { readonly children: ReactNode }) {
  return <span className={styles.mono}>{children}</span>;
}

/** An id with a button that copies it. `shown`: a shorter form. */
export function Id({ value, shown }: { readonly value: string; readonly shown?: string }) {
  return (
    <span className={styles.id}>
      <span className={styles.mono} data-cut data-tip={shown === undefined ? undefined : value}>
        {shown ?? value}
      </span>
      <Copy text={value} />
    </span>
  );
}
