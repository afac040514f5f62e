import { useRights } from '../../api/session.ts';
import { REFRESH_MS, useRead } from '../../api/use-read.ts';
import { Banner } from '../../ui/banner.tsx';
import { PrimaryButtonLink } from '../../ui/link.tsx';
import { useWords } from '../../words/define-words.ts';
import { words as ownWords } from './words.ts';

/** The next step of a new deployment. Nothing is shown once an account has authorized. */
export function NoAccount() {
  const words = useWords(ownWords);
  const { mayRead, mayWrite } = useRights();
  const { data } = useRead(
    'GET /v1/authorizers/totals',
    { query: {} },
    { enabled: mayRead('authorizers:read'), refreshMs: (known) => (known && known.total > 0 ? false : REFRESH_MS) },
  );
  if (data?.total !== 0 || !mayWrite('authorizers:write')) return null;
  return (
    <Banner
      tone="progress"
      title={words.noAccount}
      actions={<PrimaryButtonLink to="/links/new">{words.createLink}</PrimaryButtonLink>}
    />
  );
}
