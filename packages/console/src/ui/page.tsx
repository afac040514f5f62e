import type { ReactNode } from 'react';
import { useEffect, useId } from 'react';
import { Icon } from './icon.tsx';
import styles from './page.module.css';

interface PageProps {
  readonly title: string;
  /** The link to the list above. */
  readonly back?: ReactNode;
  /** Beside the title: an id, a state. */
  readonly beside?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** One screen: its heading, which is also the document's title, and its content. */
export function Page({ title, back, beside, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · wxthirdparty`;
  }, [title]);
  return (
    <div className={styles.page}>
      <header className={styles.header}>
        {back && (
          <div className={styles.back}>
            <Icon name="back" size={12} />
            {back}
          </div>
        )}
        <div className={styles.heading}>
          <h1 className={styles.title}>{title}</h1>
          {beside && <div className={styles.beside}>{beside}</div>}
        </div>
        {actions && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

interface SectionProps {
  readonly title: string;
  readonly beside?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function Section({ title, beside, actions, children }: SectionProps) {
  const id = useId();
  return (
    <section className={styles.section} aria-labelledby={id}>
      <div className={styles.sectionHeader}>
        <h2 className={styles.sectionTitle} id={id}>
          {title}
        </h2>
        {beside && <div className={styles.beside}>{beside}</div>}
        {actions && <div className={styles.actions}>{actions}</div>}
      </div>
      {children}
    </section>
  );
}

/** Things beside each other, which wrap. */
export function Row({ children }: { readonly children: ReactNode }) {
  return <div className={styles.row}>{children}</div>;
}

/** Less important words. */
export function Muted({ children }: { readonly children: ReactNode }) {
  return <span className={styles.muted}>{children}</span>;
}
