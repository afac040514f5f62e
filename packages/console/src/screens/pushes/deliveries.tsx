import type { Delivery } from '@wxthirdparty/sdk';
import { useRights } from '../../api/session.ts';
import { useRead } from '../../api/use-read.ts';
import { AccountName } from '../../ui/account-name.tsx';
import { Age, Moment } from '../../ui/age.tsx';
import { FilterBar, SelectFilter } from '../../ui/filter-bar.tsx';
import { useFilters } from '../../ui/filters.ts';
import { Link } from '../../ui/link.tsx';
import { ListTable, PAGE_ROWS } from '../../ui/list-table.tsx';
import { Mono } from '../../ui/mono.tsx';
import { Muted, Section } from '../../ui/page.tsx';
import { Status } from '../../ui/status.tsx';
import type { Column } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { useLanguage } from '../../words/language.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { statuses } from '../../words/status.ts';
import { Due } from './due.tsx';
import { Failure } from './failure.tsx';
import { deliveryFilters } from './filters.ts';
import { Retry } from './retry.tsx';
import { words as ownWords } from './words.ts';

const STATES = ['pending', 'delivered', 'dead'] as const;

/** The deliveries of one subscription, the newest first. */
export function Deliveries({ subscription, failing }: { readonly subscription: string; readonly failing: boolean }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const language = useLanguage();
  const { mayWrite } = useRights();
  const filters = useFilters(deliveryFilters);
  const { state, cursor } = filters.values;
  const read = useRead('GET /v1/deliveries', { query: { subscription, state, cursor, limit: PAGE_ROWS } });
  return (
    <Section title={words.deliveries}>
      <FilterBar>
        <SelectFilter
          label={shared.state}
          value={state}
          onChange={(value) => filters.set({ state: value })}
          options={STATES.map((value) => ({ value, word: statuses.delivery[value][language] }))}
        />
      </FilterBar>
      <ListTable
        label={words.deliveries}
        read={read}
        columns={useColumns(mayWrite('pushes:write'), failing)}
        rowKey={({ push }) => push}
        failed={words.deliveriesFailed}
        empty={<p>{words.noDeliveries}</p>}
        onClearFilters={filters.any ? filters.clear : undefined}
        place={filters.values}
      />
    </Section>
  );
}

/** `seq` starts with the milliseconds of the acceptance. */
function acceptedAt(seq: string): number {
  return Math.floor(Number(seq) / 1_000);
}

function useColumns(mayRetry: boolean, failing: boolean): readonly Column<Delivery>[] {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const format = useFormat();
  return [
    {
      header: words.received,
      width: 1.3,
      cell: ({ subscription, push, seq }) => (
        <Link to="/pushes/subscriptions/$id/deliveries/$push" params={{ id: subscription, push }}>
          <Moment at={acceptedAt(seq)} precise />
        </Link>
      ),
    },
    { header: words.type, width: 1.6, priority: 1, cell: ({ type }) => <Mono>{type}</Mono> },
    {
      header: words.account,
      width: 1.8,
      priority: 3,
      cell: ({ appid, handle, nickName }) =>
        appid === null ? <Muted>{words.noAccount}</Muted> : <AccountName account={{ appid, handle, nickName }} />,
    },
    { header: shared.state, priority: 1, cell: ({ state }) => <Status of="delivery" state={state} /> },
    {
      header: words.answer,
      width: 1.6,
      priority: 1,
      cell: ({ code, status, attemptCount }) =>
        attemptCount === 0 ? <Muted>–</Muted> : <Failure code={code} status={status} />,
    },
    { header: words.attempts, numeric: true, width: 0.7, cell: ({ attemptCount }) => format.number(attemptCount) },
    {
      header: words.delivered,
      width: 1.2,
      cell: ({ settledAt, nextAttemptAt }) =>
        settledAt === null ? <Due at={nextAttemptAt} held={failing} /> : <Age at={settledAt} />,
    },
    ...(mayRetry
      ? [
          {
            header: words.actions,
            actions: true,
            width: 1.3,
            cell: ({ subscription, push, state }: Delivery) =>
              state !== 'delivered' && <Retry subscription={subscription} push={push} quiet />,
          },
        ]
      : []),
  ];
}
