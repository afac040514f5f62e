import { Children, createContext, type ReactNode, useCallback, useContext, useEffect, useId, useState } from 'react';
import { useWords } from '../words/define-words.ts';
import { useFormat } from '../words/format.ts';
import { sharedWords } from '../words/shared-words.ts';
import styles from './filter-bar.module.css';
import type { Option } from './form.tsx';
import { Icon } from './icon.tsx';

/** As long as an operator types, nothing is searched. */
const TYPING_MS = 250;

/** Of more than this, phones show the first filter and a button that opens the others. */
const MAX_ON_PHONES = 2;

/** How a filter reports to its bar whether it is set. */
const ReportSet = createContext<(id: string, set: boolean) => void>(() => {});

/** Search and filters above a list. */
export function FilterBar({ children }: { readonly children: ReactNode }) {
  const filters = Children.toArray(children);
  if (filters.length <= MAX_ON_PHONES) return <div className={styles.bar}>{filters}</div>;
  const [first, ...others] = filters;
  return (
    <div className={`${styles.bar} ${styles.folding}`}>
      {first}
      <FoldedFilters>{others}</FoldedFilters>
    </div>
  );
}

/** Only phones fold them; the button counts those that are set, since they are not visible. */
function FoldedFilters({ children }: { readonly children: ReactNode }) {
  const words = useWords(sharedWords);
  const format = useFormat();
  const id = useId();
  const [open, setOpen] = useState(false);
  const [setIds, setSetIds] = useState<ReadonlySet<string>>(new Set());
  const report = useCallback((filter: string, set: boolean) => {
    setSetIds((ids) => {
      if (ids.has(filter) === set) return ids;
      return set ? ids.union(new Set([filter])) : ids.difference(new Set([filter]));
    });
  }, []);
  const count = setIds.size;
  return (
    <ReportSet value={report}>
      <button
        type="button"
        className={`${styles.fold} ${count > 0 ? styles.set : ''}`}
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        {count === 0 ? words.filters : words.filtersSet(format.number(count))}
        <Icon name={open ? 'up' : 'down'} size={12} />
      </button>
      <div className={`${styles.others} ${open ? styles.open : ''}`} id={id}>
        {children}
      </div>
    </ReportSet>
  );
}

function useReportSet(set: boolean): void {
  const id = useId();
  const report = useContext(ReportSet);
  useEffect(() => {
    report(id, set);
    return () => report(id, false);
  }, [report, id, set]);
}

interface SearchProps {
  /** What can be searched for. */
  readonly label: string;
  readonly value: string | undefined;
  readonly onChange: (value: string) => void;
  readonly width?: 'wide' | 'narrow' | 'short';
}

/** The key `/` focuses the first one of a screen. */
export function SearchBox({ label, value = '', onChange, width = 'wide' }: SearchProps) {
  const [text, setText] = useState(value);
  const [known, setKnown] = useState(value);
  useReportSet(value !== '');
  if (value !== known) {
    // Back, or a cleared filter.
    setKnown(value);
    setText(value);
  }
  useEffect(() => {
    if (text.trim() === known) return;
    const timer = setTimeout(() => {
      setKnown(text.trim());
      onChange(text.trim());
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, known, onChange]);
  return (
    <label className={`${styles.search} ${styles[width]}`}>
      <Icon name="search" />
      <input
        className={styles.input}
        type="search"
        aria-label={label}
        placeholder={label}
        value={text}
        onChange={(event) => setText(event.target.value)}
        data-search
        spellCheck={false}
        autoComplete="off"
      />
    </label>
  );
}

interface SelectProps<V extends string> {
  readonly label: string;
  readonly value: V | undefined;
  /** undefined: all. */
  readonly onChange: (value: V | undefined) => void;
  readonly options: readonly Option<V>[];
  /** Without `All`: one is always chosen. */
  readonly required?: boolean;
}

/** `State: all ▾` */
export function SelectFilter<V extends string>({ label, value, onChange, options, required = false }: SelectProps<V>) {
  const words = useWords(sharedWords);
  const set = value !== undefined && !required;
  useReportSet(set);
  return (
    <select
      className={`${styles.select} ${set ? styles.set : ''}`}
      aria-label={label}
      value={value ?? ''}
      onChange={(event) => onChange(event.target.value === '' ? undefined : (event.target.value as V))}
    >
      {!required && <option value="">{words.labelled(label, words.all)}</option>}
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {required ? option.word : words.labelled(label, option.word)}
        </option>
      ))}
    </select>
  );
}
