import { Moment } from '../../ui/age.tsx';
import { Mono } from '../../ui/mono.tsx';
import { Muted, Section } from '../../ui/page.tsx';
import { QuotaBar } from '../../ui/quota-bar.tsx';
import { ToneMark } from '../../ui/status.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { sharedWords } from '../../words/shared-words.ts';
import type { ComponentAnswer } from './component-answer.ts';
import { words as ownWords } from './words.ts';

type Quota = ComponentAnswer['quotas'][number];

export function Quotas({ quotas }: { readonly quotas: readonly Quota[] }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const columns: readonly Column<Quota>[] = [
    { header: shared.path, width: 3, cell: ({ path }) => <Mono>{path}</Mono> },
    { header: words.used, width: 3, priority: 1, cell: ({ used, limit }) => <QuotaBar used={used} limit={limit} /> },
    { header: words.forecast, width: 2, priority: 1, cell: (quota) => <Forecast quota={quota} /> },
  ];
  return (
    <Section title={words.quotas} beside={<Muted>{words.quotaDay}</Muted>}>
      {quotas.length === 0 ? (
        <Muted>{words.noQuotas}</Muted>
      ) : (
        <Table label={words.quotas} columns={columns} rows={quotas} rowKey={({ path }) => path} />
      )}
    </Section>
  );
}

function Forecast({ quota }: { readonly quota: Quota }) {
  const words = useWords(ownWords);
  if (quota.closedUntil !== null) {
    return (
      <ToneMark tone="fault">
        {words.closedUntil} <Moment at={quota.closedUntil} />
      </ToneMark>
    );
  }
  if (quota.limit === null) return <Muted>–</Muted>;
  return quota.exhaustedAt === null ? <Muted>{words.noForecast}</Muted> : <Moment at={quota.exhaustedAt} />;
}
