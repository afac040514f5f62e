import type { AuditEntry } from '@wxthirdparty/sdk';
import type { ReactNode } from 'react';
import { useRead } from '../../api/use-read.ts';
import { Actor } from '../../ui/actor.tsx';
import { Moment } from '../../ui/age.tsx';
import type { Place } from '../../ui/filters.ts';
import { ListTable, PAGE_ROWS } from '../../ui/list-table.tsx';
import { Mono } from '../../ui/mono.tsx';
import type { Column } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { words as ownWords } from './words.ts';

type Words = (typeof ownWords)['zh'];

export function Audit({ place }: { readonly place: Place }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const read = useRead('GET /v1/audit', { query: { cursor: place.cursor, limit: PAGE_ROWS } });
  const columns: readonly Column<AuditEntry>[] = [
    { header: shared.time, width: 2, cell: ({ at }) => <Moment at={at} /> },
    {
      header: words.actor,
      width: 2,
      priority: 1,
      cell: ({ actor, actorName }) => <Actor id={actor} name={actorName} />,
    },
    { header: words.action, width: 3, priority: 1, cell: ({ action }) => actionIn(words, action) },
    { header: words.target, width: 3, cell: (entry) => <Target {...entry} /> },
    { header: words.address, width: 2, priority: 3, cell: ({ address }) => <Mono>{address ?? shared.none}</Mono> },
    {
      header: shared.requestId,
      width: 3,
      priority: 3,
      cell: ({ requestId }) => <Mono>{requestId ?? shared.none}</Mono>,
    },
  ];
  return (
    <ListTable
      label={shared.audit}
      read={read}
      columns={columns}
      rowKey={({ id }) => id}
      failed={words.auditFailed}
      empty={<p>{words.auditEmpty}</p>}
      place={place}
    />
  );
}

/** A key by its name. */
function Target({ target, targetName }: Pick<AuditEntry, 'target' | 'targetName'>) {
  const { none } = useWords(sharedWords);
  if (target === null) return none;
  return targetName ? <span data-tip={target}>{targetName}</span> : <Mono>{target}</Mono>;
}

/** An action that this page does not know is shown by its route. */
function actionIn(words: Words, action: string): ReactNode {
  return (words.actions as Readonly<Record<string, string>>)[action] ?? <Mono>{action}</Mono>;
}
