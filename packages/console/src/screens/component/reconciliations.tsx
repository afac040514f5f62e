import type { Reconciliation } from '@wxthirdparty/sdk';
import { request } from '../../api/operation.ts';
import { useRights } from '../../api/session.ts';
import { useRead } from '../../api/use-read.ts';
import { ActionButton, useAction } from '../../ui/action.tsx';
import { Moment } from '../../ui/age.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Muted, Section } from '../../ui/page.tsx';
import { Status } from '../../ui/status.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { type Format, useFormat } from '../../words/format.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { words as ownWords } from './words.ts';

const SHOWN = 5;

export function Reconciliations({ component }: { readonly component: string }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const format = useFormat();
  const rights = useRights();
  const read = useRead('GET /v1/reconciliations', { query: { component, limit: SHOWN } });
  const reconcile = useAction({
    perform: () => request('POST /v1/authorizers/reconcile', { query: { component } }),
    refreshes: ['GET /v1/reconciliations', 'GET /v1/components/:appid'],
  });
  const columns: readonly Column<Reconciliation>[] = [
    { header: words.started, width: 2, cell: ({ createdAt }) => <Moment at={createdAt} /> },
    { header: words.why, cell: ({ reason }) => words.whys[reason] },
    { header: shared.state, priority: 1, cell: ({ state }) => <Status of="reconciliation" state={state} /> },
    { header: words.result, width: 4, priority: 1, cell: (run) => resultOf(run, words, format) },
    {
      header: words.took,
      numeric: true,
      priority: 3,
      cell: ({ startedAt, finishedAt }) =>
        startedAt && finishedAt ? format.duration(Date.parse(finishedAt) - Date.parse(startedAt)) : shared.none,
    },
  ];
  return (
    <Section
      title={words.reconciliations}
      beside={<Muted>{words.reconciliationsHelp}</Muted>}
      actions={
        rights.mayWrite('authorizers:write') && (
          <ActionButton label={words.reconcile} action={reconcile} done={() => words.reconcileStarted} />
        )
      }
    >
      <Loaded read={read} failed={words.reconciliationsFailed}>
        {({ items }) =>
          items.length === 0 ? (
            <Muted>{words.noReconciliations}</Muted>
          ) : (
            <Table label={words.reconciliations} columns={columns} rows={items} rowKey={({ id }) => id} />
          )
        }
      </Loaded>
    </Section>
  );
}

function resultOf(run: Reconciliation, words: (typeof ownWords)['zh'], format: Format): string {
  if (run.error !== null) return run.error;
  const { number } = format;
  if (run.finishedAt !== null)
    return words.changes(number(run.seen), number(run.added), number(run.changed), number(run.revoked));
  return run.total === null ? '' : words.progress(number(run.seen), number(run.total));
}
