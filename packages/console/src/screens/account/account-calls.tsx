import type { CallSummary, ListedAuthorizer } from '@wxthirdparty/sdk';
import { useRead } from '../../api/use-read.ts';
import { Moment } from '../../ui/age.tsx';
import { ButtonLink, Link } from '../../ui/link.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import { Mono } from '../../ui/mono.tsx';
import { Row } from '../../ui/page.tsx';
import { Status } from '../../ui/status.tsx';
import type { Column } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { errcodeOf, outcomeOf } from '../calls/outcome.ts';
import { words as ownWords } from './words.ts';

const SHOWN = 20;

/** The last calls; the screen of calls has filters. */
export function AccountCalls({ account: { appid, component } }: { readonly account: ListedAuthorizer }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const format = useFormat();
  const read = useRead('GET /v1/calls', { query: { appid, component, limit: SHOWN } });
  const columns: readonly Column<CallSummary>[] = [
    {
      header: shared.time,
      width: 1.3,
      cell: ({ id, createdAt }) => (
        <Link to="/calls/$id" params={{ id }}>
          <Moment at={createdAt} precise />
        </Link>
      ),
    },
    { header: shared.path, width: 2, priority: 1, cell: ({ path }) => <Mono>{path}</Mono> },
    {
      header: words.result,
      width: 1.4,
      priority: 1,
      cell: (call) => (
        <Status of="call" state={outcomeOf(call)}>
          {' '}
          {errcodeOf(call)}
        </Status>
      ),
    },
    {
      header: words.duration,
      numeric: true,
      width: 0.8,
      cell: ({ createdAt, settledAt }) =>
        settledAt === null ? shared.none : format.duration(Date.parse(settledAt) - Date.parse(createdAt)),
    },
  ];
  return (
    <>
      <ListTable
        label={shared.calls}
        read={read}
        columns={columns}
        rowKey={({ id }) => id}
        failed={words.callsFailed}
        empty={<p>{words.noCalls}</p>}
      />
      <Row>
        <ButtonLink to="/calls" search={{ appid, component }}>
          {words.allCalls}
        </ButtonLink>
      </Row>
    </>
  );
}
