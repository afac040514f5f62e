import type { FollowerSync } from '@wxthirdparty/sdk';
import { useRead } from '../../api/use-read.ts';
import { AccountName } from '../../ui/account-name.tsx';
import { FilterBar, SelectFilter } from '../../ui/filter-bar.tsx';
import { useFilters } from '../../ui/filters.ts';
import { ButtonLink, Link } from '../../ui/link.tsx';
import { ListTable, PAGE_ROWS } from '../../ui/list-table.tsx';
import { Page } from '../../ui/page.tsx';
import type { Column } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { useLanguage } from '../../words/language.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { shownStatus } from '../../words/status.ts';
import { syncFilters } from './filters.ts';
import { useLiveSyncs } from './live-syncs.ts';
import { useSyncColumns } from './sync-columns.tsx';
import { words as ownWords } from './words.ts';

/** The follower syncs of all accounts. */
export function Syncs() {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const language = useLanguage();
  const filters = useFilters(syncFilters);
  const { page: _, ...query } = filters.values;
  const read = useRead('GET /v1/follower-syncs', { query: { ...query, limit: PAGE_ROWS } });
  const items = useLiveSyncs(read.data?.items ?? []);
  const columns: readonly Column<FollowerSync>[] = [
    { header: shared.account, width: 2, cell: (sync) => <SyncAccount sync={sync} /> },
    ...useSyncColumns(),
  ];
  return (
    <Page title={shared.syncs}>
      <FilterBar>
        <SelectFilter
          label={shared.state}
          value={filters.values.state}
          onChange={(state) => filters.set({ state })}
          options={syncFilters.kinds.state.map((state) => ({
            value: state,
            word: shownStatus('sync', state, language).word,
          }))}
        />
      </FilterBar>
      <ListTable
        label={shared.syncs}
        read={read}
        items={items}
        columns={columns}
        rowKey={({ id }) => id}
        failed={words.failed}
        empty={
          <>
            <p>{words.empty}</p>
            <ButtonLink to="/accounts" search={{ kind: 'official-account' }}>
              {words.toAccounts}
            </ButtonLink>
          </>
        }
        onClearFilters={filters.any ? filters.clear : undefined}
        place={filters.values}
      />
    </Page>
  );
}

function SyncAccount({ sync }: { readonly sync: FollowerSync }) {
  const { appid, component } = sync;
  return (
    <AccountName
      account={sync}
      link={(name) => (
        <Link to="/accounts/$appid" params={{ appid }} search={{ of: component, tab: 'followers' }}>
          {name}
        </Link>
      )}
    />
  );
}
