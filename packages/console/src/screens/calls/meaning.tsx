import { useRead } from '../../api/use-read.ts';
import { useLanguage } from '../../words/language.ts';
import { shortOf } from './outcome.ts';

/** An errcode and the first sentence of its meaning. */
export function Meaning({ errcode }: { readonly errcode: number }) {
  const language = useLanguage();
  const { data } = useRead(
    'GET /v1/explain/:errcode',
    { path: { errcode: String(errcode) } },
    { refreshMs: false, keepPrevious: false, constant: true },
  );
  return (
    <>
      {' '}
      {errcode}
      {data && ` ${shortOf(data.explanation[language])}`}
    </>
  );
}
