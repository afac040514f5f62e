import type { ReleaseCheck } from '@wxthirdparty/sdk';
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
import { useFormat } from '../../words/format.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { CheckSteps } from './check-steps.tsx';
import { words as ownWords } from './words.ts';

const SHOWN = 5;

export function ReleaseChecks({ component }: { readonly component: string }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const format = useFormat();
  const rights = useRights();
  const read = useRead('GET /v1/release-checks', { query: { component, limit: SHOWN } });
  const rehearse = useAction({
    perform: () => request('POST /v1/components/:appid/release-rehearsals', { path: { appid: component }, body: {} }),
    refreshes: ['GET /v1/release-checks', 'GET /v1/release-checks/:id'],
  });
  const columns: readonly Column<ReleaseCheck>[] = [
    { header: words.started, width: 2, cell: ({ startedAt }) => <Moment at={startedAt} /> },
    { header: words.kind, priority: 1, cell: ({ kind }) => words.kinds[kind] },
    { header: shared.state, priority: 1, cell: ({ state }) => <Status of="releaseCheck" state={state} /> },
    {
      header: words.took,
      numeric: true,
      cell: ({ startedAt, finishedAt }) =>
        finishedAt ? format.duration(Date.parse(finishedAt) - Date.parse(startedAt)) : shared.none,
    },
  ];
  const latest = read.data?.items[0];
  return (
    <Section
      title={words.checks}
      beside={<Muted>{words.checksHelp}</Muted>}
      actions={
        rights.mayWrite('admin') && (
          <ActionButton
            label={words.rehearse}
            action={rehearse}
            confirm={{ title: words.rehearseTitle, text: words.rehearseText }}
            done={() => words.rehearsalStarted}
          />
        )
      }
    >
      <Loaded read={read} failed={words.checksFailed}>
        {({ items }) =>
          items.length === 0 ? (
            <Muted>{words.noChecks}</Muted>
          ) : (
            <Table label={words.checks} columns={columns} rows={items} rowKey={({ id }) => id} />
          )
        }
      </Loaded>
      {latest && <CheckSteps id={latest.id} />}
    </Section>
  );
}
