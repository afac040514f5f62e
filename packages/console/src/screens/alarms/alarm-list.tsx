import type { Alarm } from '@wxthirdparty/sdk';
import { useRead } from '../../api/use-read.ts';
import { Age, Moment } from '../../ui/age.tsx';
import type { Place } from '../../ui/filters.ts';
import { ListTable, PAGE_ROWS } from '../../ui/list-table.tsx';
import { Mono } from '../../ui/mono.tsx';
import { Muted } from '../../ui/page.tsx';
import { Status } from '../../ui/status.tsx';
import type { Column } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { useLanguage } from '../../words/language.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { words as ownWords } from './words.ts';

export function AlarmList({ state, place }: { readonly state: 'open' | 'closed'; readonly place: Place }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const format = useFormat();
  const read = useRead('GET /v1/alarms', { query: { state, cursor: place.cursor, limit: PAGE_ROWS } });
  const lasted: Column<Alarm> = {
    header: words.lasted,
    cell: ({ openedAt, closedAt }) =>
      closedAt === null ? shared.none : format.duration(Date.parse(closedAt) - Date.parse(openedAt)),
  };
  const columns: readonly Column<Alarm>[] = [
    {
      header: words.severity,
      cell: ({ severity, closedAt }) => <Status of="alarm" state={closedAt === null ? severity : 'closed'} />,
    },
    { header: words.cause, width: 6, priority: 1, wrap: true, cell: (alarm) => <CauseAndRemedy alarm={alarm} /> },
    { header: words.where, width: 2, wrap: true, cell: (alarm) => <Where alarm={alarm} /> },
    {
      header: words.since,
      width: 2,
      priority: 1,
      cell: ({ openedAt }) => (state === 'open' ? <Age at={openedAt} /> : <Moment at={openedAt} />),
    },
    ...(state === 'open' ? [] : [lasted]),
  ];
  return (
    <ListTable
      label={shared.alarms}
      read={read}
      columns={columns}
      rowKey={({ id }) => id}
      failed={words.failed}
      empty={<p>{state === 'open' ? words.nothingOpen : words.nothingClosed}</p>}
      place={place}
    />
  );
}

function CauseAndRemedy({ alarm }: { readonly alarm: Alarm }) {
  const words = useWords(ownWords);
  const language = useLanguage();
  const page = pageOf(alarm);
  return (
    <>
      <div>{alarm.cause[language]}</div>
      <div>
        <Muted>{alarm.remedy[language]}</Muted>
      </div>
      {/* In a line of its own: within a text a link must differ from it by more than its colour. */}
      {page && (
        <div>
          <a href={page}>{words.see}</a>
        </div>
      )}
    </>
  );
}

/** Where the operator sees more: the alarm's link without its host, which may be another one than that of this page. */
function pageOf({ link, component }: Alarm): string | undefined {
  const page = link === null ? undefined : new URL(link).pathname;
  if (page !== undefined && page !== '/admin/alarms') return page;
  return component === null ? undefined : `/admin/components/${component}`;
}

/** The component, and the processes that report it. */
function Where({ alarm }: { readonly alarm: Alarm }) {
  const words = useWords(ownWords);
  const format = useFormat();
  const { component, processes } = alarm;
  const notes = processes.map(({ host, note }) => (note === null ? host : `${host}: ${note}`)).join('\n');
  return (
    <>
      <div>{component === null ? words.whole : <Mono>{component}</Mono>}</div>
      {processes.length > 0 && (
        <span data-tip={notes}>
          <Muted>{words.processes(format.number(processes.length))}</Muted>
        </span>
      )}
    </>
  );
}
