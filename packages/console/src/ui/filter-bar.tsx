import { type ReactNode, useEffect, useState } from 'react';
import { useWords } from '../words/define-words.ts';
import { sharedWords } from '../words/shared-words.ts';
import styles from './filter-bar.module.css';
import type { Option } from './form.tsx';
import { Icon } from './icon.tsx';

/** As long as an operator types, nothing is searched. */
const TYPING_MS = 250;

/** Search and filters above a list, and beside them what was found. */
export function FilterBar({ children, beside }: { readonly children: ReactNode; readonly beside?: ReactNode }) {
  return (
    <div className={styles.bar}>
      {children}
      {beside && <div className={styles.beside}>{beside}</div>}
    </div>
  );
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
  return (
    <select
      className={`${styles.select} ${set ? styles.set : ''}`}
      aria-label={label}
      value={value ?? ''}
      onChange={(event) => onChange(event.target.value === '' ? undefined : (event.target.value as V))}
    >
      {!required && (
        <option value="">
          {label}: {words.all}
        </option>
      )}
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {required ? option.word : `${label}: ${option.word}`}
        </option>
      ))}
    </select>
  );
}
