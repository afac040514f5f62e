import { useRead } from '../../api/use-read.ts';
import { Link } from '../../ui/link.tsx';
import { Muted, Row } from '../../ui/page.tsx';
import { useFormat } from '../../words/format.ts';
import { useLanguage } from '../../words/language.ts';
import { shownStatus } from '../../words/status.ts';
import { accountFilters } from './filters.ts';

/** `102,384  正常 99,120 · 待重新授权 2,011 · 已取消 1,253`; each state is a link to its accounts. */
export function Totals({ component }: { readonly component: string | undefined }) {
  const format = useFormat();
  const language = useLanguage();
  const { data } = useRead('GET /v1/authorizers/totals', { query: { component } });
  if (!data) return null;
  return (
    <Row>
      <span>{format.number(data.total)}</span>
      {accountFilters.kinds.state.map((state) => {
        const { word } = shownStatus('authorizer', state, language);
        return (
          <Muted key={state}>
            <Link to="/accounts" search={{ state, ...(component !== undefined && { component }) }}>
              {word} {format.number(data.byState[state])}
            </Link>
          </Muted>
        );
      })}
    </Row>
  );
}
