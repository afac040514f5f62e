import type { ListedAuthorizer, Quota } from '@wxthirdparty/sdk';
import { request } from '../../api/operation.ts';
import { useRights } from '../../api/session.ts';
import { useRead } from '../../api/use-read.ts';
import { ActionButton, useAction } from '../../ui/action.tsx';
import { Age } from '../../ui/age.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import { Mono } from '../../ui/mono.tsx';
import { Section } from '../../ui/page.tsx';
import { QuotaBar } from '../../ui/quota-bar.tsx';
import { ToneMark } from '../../ui/status.tsx';
import type { Column } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { words as ownWords } from './words.ts';

/** An account uses some dozens of APIs. */
const MAX_QUOTAS = 200;

export function AccountQuotas({ account: { appid, component } }: { readonly account: ListedAuthorizer }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const format = useFormat();
  const { mayWrite } = useRights();
  const read = useRead('GET /v1/authorizers/:appid/quotas', {
    path: { appid },
    query: { component, limit: MAX_QUOTAS },
  });
  const clear = useAction({
    perform: () =>
      request('POST /v1/authorizers/:appid/quotas/clear', { path: { appid }, query: { component }, body: {} }),
    refreshes: ['GET /v1/authorizers/:appid/quotas', 'GET /v1/authorizers/:appid'],
  });
  const columns: readonly Column<Quota>[] = [
    { header: shared.path, width: 2, cell: ({ path }) => <Mono>{path}</Mono> },
    {
      header: words.used,
      width: 1.6,
      priority: 1,
      cell: ({ used, limit }) => <QuotaBar used={used} limit={limit} />,
    },
    {
      header: words.perMinute,
      cell: ({ minute }) =>
        minute === null ? shared.none : `${format.number(minute.used)} / ${format.number(minute.limit)}`,
    },
    { header: words.exhausted, priority: 1, cell: ({ exhaustedAt }) => <Age at={exhaustedAt} /> },
    { header: words.closed, cell: (quota) => <Closed quota={quota} /> },
    {
      header: words.source,
      priority: 3,
      cell: ({ source }) => (source === null ? shared.none : words.sources[source]),
    },
  ];
  const clearing = mayWrite('admin') && (
    <ActionButton
      label={words.clear}
      kind="danger"
      action={clear}
      confirm={{ title: words.clearTitle(appid), text: words.clearText }}
      done={({ remainingThisMonth }) => words.cleared(format.number(remainingThisMonth))}
    />
  );
  return (
    <Section title={words.today} actions={clearing}>
      <ListTable
        label={shared.quota}
        read={read}
        columns={columns}
        rowKey={({ path }) => path}
        failed={words.quotasFailed}
        empty={<p>{words.noQuotas}</p>}
      />
    </Section>
  );
}

function Closed({ quota: { closedUntil } }: { readonly quota: Quota }) {
  if (closedUntil === null) return <Age at={null} />;
  return (
    <ToneMark tone="attention">
      <Age at={closedUntil} />
    </ToneMark>
  );
}
