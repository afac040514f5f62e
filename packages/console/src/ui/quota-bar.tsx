import { useFormat } from '../words/format.ts';
import type { Tone } from '../words/status.ts';
import styles from './quota-bar.module.css';

const ATTENTION_FROM = 0.8;

type BarTone = Extract<Tone, 'progress' | 'attention' | 'fault'>;

interface Props {
  readonly used: number;
  /** null: WeChat has not reported it. */
  readonly limit: number | null;
  /** More words, for example when it will be used up. */
  readonly children?: React.ReactNode;
  /** Only the bar and the share, for tables. */
  readonly short?: boolean;
  /** Of bytes instead of numbers. */
  readonly bytes?: boolean;
}

/** How much of a quota is used, as a bar and in words. */
export function QuotaBar({ used, limit, children, short = false, bytes = false }: Props) {
  const format = useFormat();
  const amount = bytes ? format.bytes : format.number;
  if (limit === null || limit <= 0) {
    return (
      <span className={styles.quota}>
        <span>{amount(used)}</span>
        {children && <span>{children}</span>}
      </span>
    );
  }
  const share = used / limit;
  const words = short ? format.percent(share) : `${amount(used)} / ${amount(limit)}`;
  return (
    <span className={styles.quota}>
      <Bar share={share} tone={toneOf(share)} />
      <span className={styles.words}>{words}</span>
      {children && <span className={styles.more}>{children}</span>}
    </span>
  );
}

/** A share of 0 to 1 beside words that say the same. */
export function Bar({ share, tone }: { readonly share: number; readonly tone: BarTone }) {
  return (
    <span className={styles.bar} aria-hidden="true">
      <span className={`${styles.used} ${styles[tone]}`} style={{ width: `${Math.min(100, share * 100)}%` }} />
    </span>
  );
}

function toneOf(share: number): BarTone {
  if (share >= 1) return 'fault';
  return share >= ATTENTION_FROM ? 'attention' : 'progress';
}
