import type { ReactNode } from 'react';
import { Link } from './link.tsx';
import styles from './tabs.module.css';

interface Tab<Name extends string> {
  readonly name: Name;
  readonly word: string;
}

interface Props<Name extends string> {
  readonly label: string;
  /** The search parameter that names the open tab; the first tab needs none. */
  readonly param?: string;
  readonly tabs: readonly Tab<Name>[];
  readonly open: Name;
  /** Search parameters that every view has, with their values. */
  readonly keep?: Readonly<Record<string, string | undefined>>;
  readonly children: ReactNode;
}

/** Views of one thing. Each is a link, so that it can be shared and the browser's history knows it. */
export function Tabs<Name extends string>({ label, param = 'tab', tabs, open, keep = {}, children }: Props<Name>) {
  // The router takes a parameter without a value for one that the address has, so that two views would be marked as open.
  const kept = Object.fromEntries(Object.entries(keep).filter(([, value]) => value !== undefined));
  return (
    <div className={styles.tabs}>
      <nav className={styles.bar} aria-label={label}>
        {tabs.map(({ name, word }, index) => (
          <Link
            key={name}
            to="."
            search={{ ...kept, ...(index === 0 ? {} : { [param]: name }) } as never}
            className={styles.tab}
            activeOptions={{ exact: true, explicitUndefined: true }}
            aria-current={name === open ? 'page' : undefined}
            resetScroll={false}
          >
            {word}
          </Link>
        ))}
      </nav>
      {children}
    </div>
  );
}
