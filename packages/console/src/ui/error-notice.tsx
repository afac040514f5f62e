import type { ReactNode } from 'react';
import { type ApiError, toApiError } from '../api/api-error.ts';
import { useWords } from '../words/define-words.ts';
import { useFormat } from '../words/format.ts';
import { useLanguage } from '../words/language.ts';
import { codeWords, remedyWords } from '../words/remedies.ts';
import { sharedWords } from '../words/shared-words.ts';
import { Banner } from './banner.tsx';
import { Button } from './button.tsx';
import styles from './error-notice.module.css';
import { Id } from './mono.tsx';
import { useTextOfNow } from './now.ts';
import { Quote } from './quote.tsx';

interface Props {
  /** What failed, in words: `The calls could not be loaded.` */
  readonly title: ReactNode;
  readonly error: unknown;
  readonly onRetry?: (() => void) | undefined;
  /** Of when the data is that is still shown. */
  readonly dataAt?: number | undefined;
}

/** What failed, why, what to do, and what identifies the request in the log. */
export function ErrorNotice({ title, error: thrown, onRetry, dataAt }: Props) {
  const words = useWords(sharedWords);
  const error = toApiError(thrown);
  return (
    <Banner
      tone={dataAt === undefined ? 'fault' : 'attention'}
      title={title}
      announce
      actions={onRetry && <Button onClick={onRetry}>{words.retry}</Button>}
    >
      <p>
        <ErrorSentence error={error} /> {dataAt !== undefined && <DataAge at={dataAt} />}
      </p>
      <p className={styles.ids}>
        <span>
          {words.code} <span className={styles.code}>{error.code}</span>
        </span>
        {error.requestId && (
          <span className={styles.id}>
            {words.requestId} <Id value={error.requestId} />
          </span>
        )}
      </p>
    </Banner>
  );
}

/** Cause and remedy in the operator's language. */
export function ErrorSentence({ error }: { readonly error: ApiError }) {
  const language = useLanguage();
  const remedies = useWords(remedyWords);
  return (
    <>
      <ErrorCause error={error} />
      {language === 'en' && ' '}
      {remedies[error.remedy]}
    </>
  );
}

export function ErrorCause({ error }: { readonly error: ApiError }) {
  const language = useLanguage();
  const codes = useWords(codeWords);
  const own = codes[error.code] ?? error.explanation?.[language];
  return own ?? (language === 'zh' ? <Quote>{error.message}</Quote> : error.message);
}

/** Of when the data is that is still shown. */
export function DataAge({ at }: { readonly at: number }) {
  const words = useWords(sharedWords);
  const format = useFormat();
  // The time of the data is one of this computer, so the server's clock does not matter.
  return useTextOfNow(() => words.dataFrom(format.age(Date.now() - at)));
}
