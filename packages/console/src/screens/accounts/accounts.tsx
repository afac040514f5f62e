import { useRights } from '../../api/session.ts';
import { useRead } from '../../api/use-read.ts';
import { FilterBar, SearchBox, SelectFilter } from '../../ui/filter-bar.tsx';
import { useFilters } from '../../ui/filters.ts';
import { PrimaryButtonLink } from '../../ui/link.tsx';
import { ListTable, PAGE_ROWS } from '../../ui/list-table.tsx';
import { Page } from '../../ui/page.tsx';
import { accountWords, permissionSetOptions } from '../../words/account-words.ts';
import { useWords } from '../../words/define-words.ts';
import { useLanguage } from '../../words/language.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { shownStatus } from '../../words/status.ts';

import { useAccountColumns } from './columns.tsx';
import { accountFilters } from './filters.ts';
import { Totals } from './totals.tsx';
import { words as ownWords } from './words.ts';

export function Accounts() {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const language = useLanguage();
  const { kinds } = useWords(accountWords);
  const filters = useFilters(accountFilters);
  const columns = useAccountColumns();
  const { page: _, scope, ...query } = filters.values;
  const read = useRead('GET /v1/authorizers', {
    query: { ...query, ...(scope && { scope: Number(scope) }), include: 'activity', limit: PAGE_ROWS },
  });
  return (
    <Page title={shared.accounts} beside={<Totals component={filters.values.component} />}>
      <FilterBar>
        <SearchBox label={words.searchFor} value={filters.values.q} onChange={(q) => filters.set({ q })} />
        <SelectFilter
          label={shared.state}
          value={filters.values.state}
          onChange={(state) => filters.set({ state })}
          options={accountFilters.kinds.state.map((state) => ({
            value: state,
            word: shownStatus('authorizer', state, language).word,
          }))}
        />
        <SelectFilter
          label={words.kind}
          value={filters.values.kind}
          onChange={(kind) => filters.set({ kind })}
          options={accountFilters.kinds.kind.map((kind) => ({ value: kind, word: kinds[kind] }))}
        />
        <SelectFilter
          label={words.scope}
          value={filters.values.scope}
          onChange={(scope) => filters.set({ scope })}
          options={permissionSetOptions(language)}
        />
      </FilterBar>
      <ListTable
        label={shared.accounts}
        read={read}
        columns={columns}
        rowKey={({ component, appid }) => `${component}/${appid}`}
        failed={words.failed}
        empty={<NoAccount />}
        onClearFilters={filters.any ? filters.clear : undefined}
        place={filters.values}
      />
    </Page>
  );
}

function NoAccount() {
  const words = useWords(ownWords);
  const { mayWrite } = useRights();
  return (
    <>
      <p>{words.empty}</p>
      {mayWrite('authorizers:write') && <PrimaryButtonLink to="/links/new">{words.createLink}</PrimaryButtonLink>}
    </>
  );
}
