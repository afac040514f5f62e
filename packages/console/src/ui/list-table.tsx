import type { ReactNode } from 'react';
import { type Read, retryFailed } from '../api/use-read.ts';
import { useWords } from '../words/define-words.ts';
import { useFormat } from '../words/format.ts';
import { sharedWords } from '../words/shared-words.ts';
import { Button } from './button.tsx';
import { ErrorNotice } from './error-notice.tsx';
import type { Place } from './filters.ts';
import { Icon } from './icon.tsx';
import { ButtonLink } from './link.tsx';
import styles from './list-table.module.css';
import { UpdatedAt } from './loaded.tsx';
import { type Column, Table, TableSkeleton } from './table.tsx';

/** Rows of one page. */
export const PAGE_ROWS = 50;

interface ListPage<R> {
  readonly items: readonly R[];
  readonly next: string | null;
}

interface Props<R> {
  readonly label: string;
  readonly read: Read<ListPage<R>>;
  /** Instead of what was read, what is known of it meanwhile. */
  readonly items?: readonly R[];
  readonly columns: readonly Column<R>[];
  readonly rowKey: (row: R) => string;
  /** What failed if it cannot be loaded. */
  readonly failed: string;
  /** One sentence and the next step, if there is nothing at all. */
  readonly empty: ReactNode;
  /** If filters are set: how to clear them. */
  readonly onClearFilters?: (() => void) | undefined;
  /** The place in the URL. Without it the list is not paged. */
  readonly place?: Place;
}

/** A list that is read page by page: placeholder, error, nothing at all, no hits, rows, next page. */
export function ListTable<R>({
  label,
  read,
  items = read.data?.items ?? [],
  columns,
  rowKey,
  failed,
  empty,
  onClearFilters,
  place,
}: Props<R>) {
  const { data, error, dataUpdatedAt } = read;
  return (
    <div className={styles.list}>
      {error && (
        <ErrorNotice
          title={failed}
          error={error}
          onRetry={retryFailed}
          dataAt={data === undefined ? undefined : dataUpdatedAt}
        />
      )}
      {data === undefined && !error && <TableSkeleton label={label} columns={columns} />}
      {data !== undefined && data.items.length === 0 && <Nothing empty={empty} onClearFilters={onClearFilters} />}
      {data !== undefined && data.items.length > 0 && (
        <Table label={label} columns={columns} rows={items} rowKey={rowKey} />
      )}
      {data !== undefined && (
        <div className={styles.foot}>
          <UpdatedAt read={read} />
          {place && <Paging place={place} shown={data.items.length} next={data.next} />}
        </div>
      )}
    </div>
  );
}

function Nothing({
  empty,
  onClearFilters,
}: {
  readonly empty: ReactNode;
  readonly onClearFilters: (() => void) | undefined;
}) {
  const words = useWords(sharedWords);
  return (
    <div className={styles.nothing}>
      {onClearFilters ? (
        <>
          <p>{words.noHits}</p>
          <Button onClick={onClearFilters}>{words.clearFilters}</Button>
        </>
      ) : (
        empty
      )}
    </div>
  );
}

function Paging({
  place,
  shown,
  next,
}: {
  readonly place: Place;
  readonly shown: number;
  readonly next: string | null;
}) {
  const words = useWords(sharedWords);
  const format = useFormat();
  const page = pageOf(place);
  const first = (page - 1) * PAGE_ROWS + 1;
  return (
    <nav className={styles.paging} aria-label={words.paging}>
      {shown > 0 && (page > 1 || next !== null) && (
        <span>{words.rows(format.number(first), format.number(first + shown - 1))}</span>
      )}
      {page > 1 && (
        <ButtonLink to="." search={((search: object) => ({ ...search, cursor: undefined, page: undefined })) as never}>
          {words.firstPage}
        </ButtonLink>
      )}
      {next !== null && (
        <ButtonLink
          to="."
          search={((search: object) => ({ ...search, cursor: next, page: String(page + 1) })) as never}
        >
          {words.nextPage}
          <Icon name="next" size={12} />
        </ButtonLink>
      )}
    </nav>
  );
}

/** A page number that was edited by an operator may be anything. */
function pageOf({ cursor, page }: Place): number {
  const number = Number(page);
  return cursor !== undefined && Number.isInteger(number) && number > 1 ? number : 1;
}
