import type { Process } from '@wxthirdparty/sdk';
import { Age } from '../../ui/age.tsx';
import { Mono } from '../../ui/mono.tsx';
import { Status } from '../../ui/status.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { isLost } from './judge.ts';
import { words as ownWords } from './words.ts';

interface Props {
  readonly processes: readonly Process[];
  /** The server's time when they were read. */
  readonly at: number;
}

export function ProcessTable({ processes, at }: Props) {
  const words = useWords(ownWords);
  const format = useFormat();
  const columns: readonly Column<Process>[] = [
    { header: words.address, width: 2, cell: ({ address, id }) => <Mono>{address ?? id}</Mono> },
    { header: words.role, cell: ({ role }) => words.roles[role] },
    { header: words.version, cell: ({ version }) => version },
    { header: words.startedAt, cell: ({ startedAt }) => <Age at={startedAt} /> },
    { header: words.heartbeat, priority: 1, cell: ({ heartbeatAt }) => <Age at={heartbeatAt} /> },
    {
      header: words.lag,
      numeric: true,
      priority: 3,
      cell: ({ lagMs }) => (lagMs === null ? '–' : format.duration(lagMs)),
    },
    {
      header: words.state,
      priority: 1,
      cell: (process) => <Status of="server" state={isLost(process, at) ? 'lost' : 'up'} />,
    },
  ];
  return <Table label={words.processes} columns={columns} rows={processes} rowKey={({ id }) => id} />;
}
