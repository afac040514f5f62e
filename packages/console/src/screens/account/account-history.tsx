import type { GrantEvent, ListedAuthorizer } from '@wxthirdparty/sdk';
import { useRead } from '../../api/use-read.ts';
import { Moment } from '../../ui/age.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import { Status } from '../../ui/status.tsx';
import type { Column } from '../../ui/table.tsx';
import { permissionSetName } from '../../words/account-words.ts';
import { useWords } from '../../words/define-words.ts';
import { useLanguage } from '../../words/language.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { words as ownWords } from './words.ts';

/** A consent changes some times a year. */
const SHOWN = 200;

export function AccountHistory({ account: { appid, component } }: { readonly account: ListedAuthorizer }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const language = useLanguage();
  const read = useRead('GET /v1/authorizers/:appid/history', { path: { appid }, query: { component, limit: SHOWN } });
  const columns: readonly Column<GrantEvent>[] = [
    { header: shared.time, cell: ({ at }) => <Moment at={at} /> },
    { header: words.event, priority: 1, cell: ({ event }) => <Status of="grant" state={event} /> },
    {
      header: words.scopes,
      width: 3,
      wrap: true,
      cell: ({ scopes }) => scopes.map((id) => permissionSetName(id, language)).join(words.separator),
    },
  ];
  return (
    <ListTable
      label={words.tabs.history}
      read={read}
      columns={columns}
      rowKey={({ at, event }) => `${at} ${event}`}
      failed={words.historyFailed}
      empty={<p>{words.noHistory}</p>}
    />
  );
}
