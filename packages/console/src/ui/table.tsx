import { memo, type ReactNode, useId } from 'react';
import { useWords } from '../words/define-words.ts';
import { sharedWords } from '../words/shared-words.ts';
import { useDelayed } from './skeleton.tsx';
import styles from './table.module.css';

export interface Column<R> {
  readonly header: string;
  /** The first column's cell is, or contains, the link of the row. */
  readonly cell: (row: R) => ReactNode;
  /** Numbers are at the right. */
  readonly numeric?: boolean;
  /** Share of the width, as a number beside those of the other columns. Default 1. */
  readonly width?: number;
  /** 1: shown everywhere; 2: not on phones; 3: only where there is much space. Default 2; the first column has 1. */
  readonly priority?: 1 | 2 | 3;
  /** The cell may have several lines. */
  readonly wrap?: boolean;
  /** Buttons of the row. Without a visible header. */
  readonly actions?: boolean;
}

interface Props<R> {
  /** What the table lists, for screen readers. */
  readonly label: string;
  readonly columns: readonly Column<R>[];
  readonly rows: readonly R[];
  readonly rowKey: (row: R) => string;
}

/**
 * Rows of equal height, one line for each cell. A link in the first cell covers its row. On phones each row becomes a list of
 * label and value.
 */
export function Table<R>({ label, columns, rows, rowKey }: Props<R>) {
  return (
    <table className={styles.table}>
      <caption className={styles.caption}>{label}</caption>
      <Head columns={columns} />
      <tbody>
        {rows.map((row) => (
          <MemoRow key={rowKey(row)} row={row} columns={columns} />
        ))}
      </tbody>
    </table>
  );
}

function Row<R>({ row, columns }: { readonly row: R; readonly columns: readonly Column<R>[] }) {
  return (
    <tr className={styles.row}>
      {columns.map((column, index) => (
        <Cell key={column.header} column={column} first={index === 0}>
          {column.cell(row)}
        </Cell>
      ))}
    </tr>
  );
}

/** Rendered again only with another row or other columns, so that refreshing a long list with lasting columns costs little. */
const MemoRow = memo(Row) as typeof Row;

function Head<R>({ columns }: { readonly columns: readonly Column<R>[] }) {
  const total = columns.reduce((sum, { width = 1 }) => sum + width, 0);
  return (
    <thead className={styles.head}>
      <tr>
        {columns.map((column, index) => (
          <th
            key={column.header}
            scope="col"
            className={`${classOf(column, index === 0)} ${styles.header}`}
            style={{ width: `${(100 * (column.width ?? 1)) / total}%` }}
          >
            {column.actions ? <span className={styles.hiddenWord}>{column.header}</span> : column.header}
          </th>
        ))}
      </tr>
    </thead>
  );
}

function Cell<R>({
  column,
  first,
  children,
}: {
  readonly column: Column<R>;
  readonly first: boolean;
  readonly children: ReactNode;
}) {
  return (
    <td className={classOf(column, first)} data-label={column.actions ? undefined : column.header}>
      <div className={column.wrap ? styles.wrapped : styles.line} data-cut={column.wrap ? undefined : ''}>
        {typeof children === 'string' ? <span className={styles.text}>{children}</span> : children}
      </div>
    </td>
  );
}

function classOf<R>({ numeric = false, priority, actions = false }: Column<R>, first: boolean): string {
  const level = first ? 1 : (priority ?? 2);
  return [
    styles.cell,
    styles[`priority${level}`],
    numeric && styles.numeric,
    first && styles.first,
    actions && styles.rowActions,
  ]
    .filter(Boolean)
    .join(' ');
}

/** Rows of the final height, after a moment. */
export function TableSkeleton<R>({
  label,
  columns,
  rows = 8,
}: Pick<Props<R>, 'label' | 'columns'> & { readonly rows?: number }) {
  const words = useWords(sharedWords);
  const visible = useDelayed();
  const id = useId();
  return (
    <table className={`${styles.table} ${visible ? '' : styles.space}`} aria-busy="true" aria-describedby={id}>
      <caption className={styles.caption}>
        {label} <span id={id}>{words.loading}</span>
      </caption>
      <Head columns={columns} />
      <tbody>
        {Array.from({ length: rows }, (_, row) => (
          <tr key={row} className={styles.row}>
            {columns.map((column, index) => (
              <td key={column.header} className={classOf(column, index === 0)}>
                <div className={styles.bone} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
