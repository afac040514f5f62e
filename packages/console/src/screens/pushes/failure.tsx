import { useWords } from '../../words/define-words.ts';
import { words as ownWords } from './words.ts';

interface Failed {
  readonly code: string | null;
  readonly status: number | null;
}

/** Why a delivery was not accepted. */
export function Failure({ code, status }: Failed) {
  const words = useWords(ownWords);
  if (code === null) return <>HTTP {status ?? '–'}</>;
  const why = words.codes[code] ?? code;
  return <>{status === null ? why : `HTTP ${status}`}</>;
}

export function FailureWithRemedy({ code, status }: Failed) {
  const words = useWords(ownWords);
  if (code === null) return null;
  return (
    <>
      {words.codes[code] ?? code}
      {status !== null && words.withStatus(status)}
      {words.codeFix[code] && ` · ${words.codeFix[code]}`}
    </>
  );
}
