import type { ReactNode } from 'react';
import { type Read, retryFailed } from '../api/use-read.ts';
import { useWords } from '../words/define-words.ts';
import { useFormat } from '../words/format.ts';
import { sharedWords } from '../words/shared-words.ts';
import { DataAge, ErrorCause, ErrorNotice } from './error-notice.tsx';
import styles from './loaded.module.css';
import { useTextOfNow } from './now.ts';
import { Skeleton } from './skeleton.tsx';
import { ToneMark } from './status.tsx';

interface Props<T> {
  readonly read: Read<T>;
  /** What failed if it cannot be loaded. */
  readonly failed: string;
  /** The height of the placeholder, in lines. */
  readonly lines?: number;
  /** An error has one line, for a part of something whose own error explains more. */
  readonly compact?: boolean;
  readonly children: (data: T) => ReactNode;
}

/** Data that is read: its placeholder, its error, or the data; old data stays visible with its age when a later read fails. */
export function Loaded<T>({ read, failed, lines = 3, compact = false, children }: Props<T>) {
  const { data, error, dataUpdatedAt } = read;
  return (
    <>
      {error && compact && (
        <ToneMark tone={data === undefined ? 'fault' : 'attention'}>
          {failed} {data === undefined ? <ErrorCause error={error} /> : <DataAge at={dataUpdatedAt} />}
        </ToneMark>
      )}
      {error && !compact && (
        <ErrorNotice
          title={failed}
          error={error}
          onRetry={retryFailed}
          dataAt={data === undefined ? undefined : dataUpdatedAt}
        />
      )}
      {data !== undefined ? children(data) : error ? null : <Skeleton lines={lines} />}
    </>
  );
}

/** `Updated 3 s ago`. */
export function UpdatedAt({ read }: { readonly read: Pick<Read<unknown>, 'dataUpdatedAt'> }) {
  const words = useWords(sharedWords);
  const format = useFormat();
  const { dataUpdatedAt } = read;
  const text = useTextOfNow(() => (dataUpdatedAt === 0 ? '' : words.updated(format.age(Date.now() - dataUpdatedAt))));
  return <span className={styles.updated}>{text}</span>;
}
