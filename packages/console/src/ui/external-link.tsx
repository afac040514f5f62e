import type { ReactNode } from 'react';
import styles from './external-link.module.css';
import { Icon } from './icon.tsx';

/** A page of another host, in a new tab. */
export function ExternalLink({ href, children }: { readonly href: string; readonly children: ReactNode }) {
  return (
    <a className={styles.link} href={href} target="_blank" rel="noreferrer noopener">
      {children}
      <Icon name="external" size={12} />
    </a>
  );
}
