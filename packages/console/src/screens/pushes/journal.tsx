import type { Push } from '@wxthirdparty/sdk';
import { useRead } from '../../api/use-read.ts';
import { AccountName } from '../../ui/account-name.tsx';
import { Moment } from '../../ui/age.tsx';
import { FilterBar, SearchBox } from '../../ui/filter-bar.tsx';
import { useFilters } from '../../ui/filters.ts';
import { Link } from '../../ui/link.tsx';
import { ListTable, PAGE_ROWS } from '../../ui/list-table.tsx';
import { Mono } from '../../ui/mono.tsx';
import { Muted } from '../../ui/page.tsx';
import { Status, ToneMark } from '../../ui/status.tsx';
import type { Column } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import type { Tone } from '../../words/status.ts';
import { pushFilters } from './filters.ts';
import { words as ownWords } from './words.ts';

/** The pushes that have come, and whether they were delivered. */
export function Journal() {
  const words = useWords(ownWords);
  const filters = useFilters(pushFilters);
  const { appid, type, cursor } = filters.values;
  const read = useRead('GET /v1/pushes', { query: { appid, type, cursor, limit: PAGE_ROWS } });
  return (
    <>
      <FilterBar>
        <SearchBox
          label={words.accountFilter}
          value={appid}
          width="narrow"
          onChange={(value) => filters.set({ appid: value })}
        />
        <SearchBox
          label={words.typeFilter}
          value={type}
          width="narrow"
          onChange={(value) => filters.set({ type: value })}
        />
      </FilterBar>
      <ListTable
        label={words.journal}
        read={read}
        columns={useColumns()}
        rowKey={({ component, id }) => `${component} ${id}`}
        failed={words.journalFailed}
        empty={<p>{words.noPushes}</p>}
        onClearFilters={filters.any ? filters.clear : undefined}
        place={filters.values}
      />
    </>
  );
}

function useColumns(): readonly Column<Push>[] {
  const words = useWords(ownWords);
  return [
    {
      header: words.received,
      width: 1.3,
      cell: ({ id, receivedAt }) => (
        <Link to="/pushes/$id" params={{ id }}>
          <Moment at={receivedAt} precise />
        </Link>
      ),
    },
    { header: words.type, width: 1.6, priority: 1, cell: ({ type }) => <Mono>{type}</Mono> },
    {
      header: words.account,
      width: 2.2,
      cell: ({ appid, handle, nickName }) =>
        appid === null ? <Muted>{words.noAccount}</Muted> : <AccountName account={{ appid, handle, nickName }} />,
    },
    {
      header: words.receivers,
      width: 1.4,
      priority: 1,
      cell: ({ deliveries }) => <Delivered deliveries={deliveries} />,
    },
    {
      header: words.note,
      priority: 3,
      cell: ({ note }) => (note === null ? <Muted>–</Muted> : <Status of="push" state={note} />),
    },
  ];
}

function Delivered({ deliveries }: Pick<Push, 'deliveries'>) {
  const words = useWords(ownWords);
  const format = useFormat();
  if (deliveries.length === 0) return <Muted>{words.noReceiver}</Muted>;
  const delivered = deliveries.filter(({ state }) => state === 'delivered').length;
  return (
    <ToneMark tone={toneOf(deliveries)}>
      {words.counts(format.number(delivered), format.number(deliveries.length))}
    </ToneMark>
  );
}

function toneOf(deliveries: Push['deliveries']): Tone {
  if (deliveries.some(({ state }) => state === 'dead')) return 'fault';
  return deliveries.some(({ state }) => state === 'pending') ? 'progress' : 'good';
}
