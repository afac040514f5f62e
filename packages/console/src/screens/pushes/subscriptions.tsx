import type { Subscription } from '@wxthirdparty/sdk';
import { useRead } from '../../api/use-read.ts';
import { Age } from '../../ui/age.tsx';
import { FilterBar, SearchBox, SelectFilter } from '../../ui/filter-bar.tsx';
import { useFilters } from '../../ui/filters.ts';
import { Link } from '../../ui/link.tsx';
import { ListTable, PAGE_ROWS } from '../../ui/list-table.tsx';
import { Mono } from '../../ui/mono.tsx';
import { Muted } from '../../ui/page.tsx';
import { Status } from '../../ui/status.tsx';
import type { Column } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { useLanguage } from '../../words/language.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { statuses } from '../../words/status.ts';
import { hostOf } from './endpoint.ts';
import { Failure } from './failure.tsx';
import { pushFilters } from './filters.ts';
import { words as ownWords } from './words.ts';

const STATES = ['active', 'failing', 'paused'] as const;

/** Which endpoint is behind, and why. */
export function Subscriptions() {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const language = useLanguage();
  const filters = useFilters(pushFilters);
  const { state, appid, cursor } = filters.values;
  const read = useRead('GET /v1/subscriptions', { query: { state, appid, cursor, limit: PAGE_ROWS } });
  return (
    <>
      <FilterBar>
        <SearchBox
          label={words.accountFilter}
          value={appid}
          width="narrow"
          onChange={(value) => filters.set({ appid: value })}
        />
        <SelectFilter
          label={shared.state}
          value={state}
          onChange={(value) => filters.set({ state: value })}
          options={STATES.map((value) => ({ value, word: statuses.subscription[value][language] }))}
        />
      </FilterBar>
      <ListTable
        label={shared.subscriptions}
        read={read}
        columns={useColumns()}
        rowKey={({ id }) => id}
        failed={words.subscriptionsFailed}
        empty={<p>{words.noSubscriptions}</p>}
        onClearFilters={filters.any ? filters.clear : undefined}
        place={filters.values}
      />
    </>
  );
}

function useColumns(): readonly Column<Subscription>[] {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  return [
    {
      header: words.name,
      width: 1.5,
      cell: ({ id, name }) => (
        <Link to="/pushes/subscriptions/$id" params={{ id }}>
          {name}
        </Link>
      ),
    },
    { header: shared.state, priority: 1, cell: ({ state }) => <Status of="subscription" state={state} /> },
    { header: words.endpoint, width: 2, priority: 3, cell: ({ url }) => <Mono>{hostOf(url)}</Mono> },
    { header: words.backlog, width: 1.5, priority: 1, cell: (subscription) => <Backlog {...subscription.backlog} /> },
    { header: words.lastSuccess, cell: ({ lastSuccessAt }) => <Age at={lastSuccessAt} none={words.never} /> },
    {
      header: words.lastFailure,
      width: 1.8,
      cell: ({ lastFailure }) =>
        lastFailure === null ? (
          <Muted>{words.noFailure}</Muted>
        ) : (
          <>
            <Failure {...lastFailure} />
            <Muted>
              <Age at={lastFailure.at} />
            </Muted>
          </>
        ),
    },
  ];
}

export function Backlog({ pending, atLeast, oldestAt }: Subscription['backlog']) {
  const words = useWords(ownWords);
  const format = useFormat();
  if (pending === 0) return <Muted>{words.nothingWaits}</Muted>;
  return (
    <>
      <span>{words.backlogOf(format.number(pending), atLeast)}</span>
      {oldestAt !== null && (
        <Muted>
          {words.oldest} <Age at={oldestAt} />
        </Muted>
      )}
    </>
  );
}
