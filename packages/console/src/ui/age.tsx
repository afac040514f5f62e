import { useFormat } from '../words/format.ts';
import styles from './age.module.css';
import { useTextOfNow } from './now.ts';

interface Props {
  readonly at: string | number | null | undefined;
  /** Shown without a time. */
  readonly none?: string;
  /** In tables the row's link is the tab stop; elsewhere the time itself is one, so that its exact value can be read by keyboard. */
  readonly focusable?: boolean;
}

/** How long ago, or how soon; the exact time in UTC on hover and on focus. */
export function Age({ at, none = '–', focusable = false }: Props) {
  const format = useFormat();
  const since = at === null || at === undefined ? undefined : new Date(at).getTime();
  const text = useTextOfNow((now) => (since === undefined ? none : format.age(now - since)));
  if (since === undefined) return <span className={styles.none}>{none}</span>;
  const exact = format.exactUtc(since);
  return (
    <time
      className={styles.age}
      dateTime={new Date(since).toISOString()}
      data-tip={exact}
      tabIndex={focusable ? 0 : undefined}
    >
      {text}
    </time>
  );
}

/** A moment in the operator's zone, the exact one on hover. `precise`: with milliseconds. */
export function Moment({
  at,
  precise = false,
}: {
  readonly at: string | number | null | undefined;
  readonly precise?: boolean;
}) {
  const format = useFormat();
  if (at === null || at === undefined) return <span className={styles.none}>–</span>;
  return (
    <time className={styles.age} dateTime={new Date(at).toISOString()} data-tip={format.exactUtc(at)}>
      {precise ? format.clock(at) : format.moment(at)}
    </time>
  );
}
