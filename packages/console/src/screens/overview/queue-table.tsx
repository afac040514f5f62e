import type { Queue } from '@wxthirdparty/sdk';
import { Mono } from '../../ui/mono.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { words as ownWords } from './words.ts';

export function QueueTable({ queues }: { readonly queues: readonly Queue[] }) {
  const words = useWords(ownWords);
  const format = useFormat();
  const count = (header: string, of: (queue: Queue) => number, priority: 1 | 2 | 3 = 2): Column<Queue> => ({
    header,
    numeric: true,
    priority,
    cell: (queue) => format.number(of(queue)),
  });
  const columns: readonly Column<Queue>[] = [
    { header: words.queue, width: 2, cell: ({ name }) => <Mono>{name}</Mono> },
    count(words.waiting, ({ waiting }) => waiting, 1),
    count(words.active, ({ active }) => active),
    count(words.delayed, ({ delayed }) => delayed, 3),
    count(words.failedJobs, ({ failed }) => failed, 1),
    {
      header: words.oldestJob,
      numeric: true,
      cell: ({ oldestMs }) => (oldestMs === null ? '–' : format.duration(oldestMs)),
    },
    count(words.workers, ({ workers }) => workers, 3),
  ];
  return <Table label={words.queues} columns={columns} rows={queues} rowKey={({ name }) => name} />;
}
