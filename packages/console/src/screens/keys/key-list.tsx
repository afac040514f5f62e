import type { Key } from '@wxthirdparty/sdk';
import { request } from '../../api/operation.ts';
import { useRights } from '../../api/session.ts';
import { useRead } from '../../api/use-read.ts';
import { ActionButton, useAction } from '../../ui/action.tsx';
import { Age } from '../../ui/age.tsx';
import type { Place } from '../../ui/filters.ts';
import { ListTable, PAGE_ROWS } from '../../ui/list-table.tsx';
import { Status } from '../../ui/status.tsx';
import type { Column } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { words as ownWords } from './words.ts';

export function KeyList({ place }: { readonly place: Place }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const format = useFormat();
  const rights = useRights();
  const read = useRead('GET /v1/keys', { query: { cursor: place.cursor, limit: PAGE_ROWS } });
  const columns: readonly Column<Key>[] = [
    { header: words.name, width: 2, cell: ({ name, id }) => <span data-tip={id}>{name}</span> },
    {
      header: words.scopes,
      width: 3,
      priority: 1,
      cell: ({ scopes }) => scopes.map((scope) => words.scopeWords[scope][0]).join(words.between),
    },
    {
      header: words.accounts,
      width: 2,
      priority: 3,
      cell: ({ accounts, paths }) => (
        <span data-tip={[...accounts, ...paths].slice(0, 20).join(' ') || undefined}>
          {accounts.length === 0 ? words.allAccounts : words.accountCount(format.number(accounts.length))}
          {paths.length > 0 && ` · ${words.pathCount(format.number(paths.length))}`}
        </span>
      ),
    },
    { header: words.lastUsed, cell: ({ lastUsedAt }) => <Age at={lastUsedAt} none={words.neverUsed} /> },
    { header: words.expires, cell: ({ expiresAt }) => <Age at={expiresAt} none={words.never} />, priority: 3 },
    { header: shared.state, priority: 1, cell: (key) => <Status of="key" state={stateOf(key)} /> },
    {
      header: words.revoke,
      actions: true,
      priority: 1,
      cell: (key) => rights.mayWrite('admin') && stateOf(key) === 'active' && <Revoke id={key.id} name={key.name} />,
    },
  ];
  return (
    <ListTable
      label={shared.keys}
      read={read}
      columns={columns}
      rowKey={({ id }) => id}
      failed={words.failed}
      empty={<p>{words.empty}</p>}
      place={place}
    />
  );
}

function Revoke({ id, name }: { readonly id: string; readonly name: string }) {
  const words = useWords(ownWords);
  const revoke = useAction({
    perform: () => request('DELETE /v1/keys/:id', { path: { id } }),
    refreshes: ['GET /v1/keys', 'GET /v1/audit'],
  });
  return (
    <ActionButton
      label={words.revoke}
      kind="danger"
      action={revoke}
      confirm={{ title: words.revokeTitle(name), text: words.revokeText }}
    />
  );
}

function stateOf({ revokedAt, expiresAt }: Key): 'active' | 'revoked' | 'expired' {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && Date.parse(expiresAt) <= Date.now() ? 'expired' : 'active';
}
