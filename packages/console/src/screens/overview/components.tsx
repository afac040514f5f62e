import type { Status as PlatformStatus } from '@wxthirdparty/sdk';
import { Age } from '../../ui/age.tsx';
import { Copy } from '../../ui/copy.tsx';
import { Link } from '../../ui/link.tsx';
import { Mono } from '../../ui/mono.tsx';
import { Section } from '../../ui/page.tsx';
import { Status } from '../../ui/status.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { words as ownWords } from './words.ts';

type Component = PlatformStatus['components'][number];

export function Components({ components }: { readonly components: readonly Component[] }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const columns: readonly Column<Component>[] = [
    {
      header: shared.component,
      width: 2,
      cell: ({ appid }) => (
        <>
          <Link to="/components/$appid" params={{ appid }}>
            <Mono>{appid}</Mono>
          </Link>
          <Copy text={appid} />
        </>
      ),
    },
    { header: words.ticketAge, cell: ({ ticket }) => <Age at={ticket?.receivedAt} />, priority: 1 },
    { header: words.tokenEnd, cell: ({ token }) => <Age at={token?.expiresAt} /> },
    { header: words.lastPush, cell: ({ lastPushAt }) => <Age at={lastPushAt} />, priority: 3 },
    {
      header: shared.state,
      cell: ({ ready, reasons }) => <Status of="component" state={ready ? 'ready' : (reasons[0] ?? 'no_ticket')} />,
      priority: 1,
    },
  ];
  return (
    <Section title={shared.components}>
      <Table label={shared.components} columns={columns} rows={components} rowKey={({ appid }) => appid} />
    </Section>
  );
}
