import type { ListedAuthorizer, Push } from '@wxthirdparty/sdk';
import { useRead } from '../../api/use-read.ts';
import { Moment } from '../../ui/age.tsx';
import { ButtonLink, Link } from '../../ui/link.tsx';
import { ListTable } from '../../ui/list-table.tsx';
import { Mono } from '../../ui/mono.tsx';
import { Muted, Row } from '../../ui/page.tsx';
import { ToneMark } from '../../ui/status.tsx';
import type { Column } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { words as ownWords } from './words.ts';

const SHOWN = 20;

/** The last pushes; the journal has filters. */
export function AccountPushes({ account: { appid } }: { readonly account: ListedAuthorizer }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const read = useRead('GET /v1/pushes', { query: { appid, limit: SHOWN } });
  const columns: readonly Column<Push>[] = [
    {
      header: shared.time,
      cell: ({ id, receivedAt }) => (
        <Link to="/pushes/$id" params={{ id }}>
          <Moment at={receivedAt} precise />
        </Link>
      ),
    },
    { header: words.type, width: 2, priority: 1, cell: ({ type }) => <Mono>{type}</Mono> },
    {
      header: words.delivered,
      width: 1.4,
      priority: 1,
      cell: ({ deliveries }) => <Delivered deliveries={deliveries} />,
    },
  ];
  return (
    <>
      <ListTable
        label={shared.pushes}
        read={read}
        columns={columns}
        rowKey={({ component, id }) => `${component}/${id}`}
        failed={words.pushesFailed}
        empty={<p>{words.noPushes}</p>}
      />
      <Row>
        <ButtonLink to="/pushes" search={{ tab: 'journal', appid }}>
          {words.allPushes}
        </ButtonLink>
      </Row>
    </>
  );
}

function Delivered({ deliveries }: Pick<Push, 'deliveries'>) {
  const words = useWords(ownWords);
  const format = useFormat();
  if (deliveries.length === 0) return <Muted>{words.noReceiver}</Muted>;
  const delivered = deliveries.filter(({ state }) => state === 'delivered').length;
  const isDead = deliveries.some(({ state }) => state === 'dead');
  const tone = isDead ? 'fault' : delivered === deliveries.length ? 'good' : 'progress';
  return <ToneMark tone={tone}>{words.counts(format.number(delivered), format.number(deliveries.length))}</ToneMark>;
}
