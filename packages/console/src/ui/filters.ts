import { useNavigate, useSearch } from '@tanstack/react-router';

type Kind = 'text' | readonly string[];
type Kinds = Readonly<Record<string, Kind>>;
type ValueOf<K extends Kind> = K extends readonly (infer Option)[] ? Option : string;

/** The filters of a list as they are in the URL. */
export type Values<K extends Kinds> = { readonly [Name in keyof K]?: ValueOf<K[Name]> | undefined } & Place;

/** The page of a list: the `next` of the page before, and its number for the operator. */
export interface Place {
  readonly cursor?: string | undefined;
  readonly page?: string | undefined;
}

export interface Filters<K extends Kinds> {
  readonly kinds: K;
  /** For a route's `validateSearch`: what is no value of a filter is ignored. */
  readonly read: (search: Record<string, unknown>) => Values<K>;
}

/** `'text'`, or the permitted values. */
export function defineFilters<const K extends Kinds>(kinds: K): Filters<K> {
  const read = (search: Record<string, unknown>): Values<K> => {
    const values: Record<string, string> = {};
    for (const [name, kind] of Object.entries<Kind>({ ...kinds, cursor: 'text', page: 'text' })) {
      const value = search[name];
      if (typeof value !== 'string' || value === '') continue;
      if (kind === 'text' || kind.includes(value)) values[name] = value;
    }
    return values as Values<K>;
  };
  return { kinds, read };
}

export interface FilterState<K extends Kinds> {
  readonly values: Values<K>;
  /** Replaces some filters, and shows the first page. */
  readonly set: (changes: { readonly [Name in keyof K]?: string | undefined }) => void;
  readonly clear: () => void;
  /** Whether one is set. */
  readonly any: boolean;
}

/** The filters of this screen. A change is a step of the browser's history, except while text is entered. */
export function useFilters<K extends Kinds>(filters: Filters<K>): FilterState<K> {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const navigate = useNavigate();
  const values = filters.read(search);
  const go = (next: Record<string, unknown>, replace: boolean) =>
    void navigate({ to: '.', search: next as never, replace, resetScroll: false });
  const set: FilterState<K>['set'] = (changes) => {
    const { cursor: _cursor, page: _page, ...others } = search;
    const next = { ...others, ...changes };
    const isTyping = Object.keys(changes).every((name) => filters.kinds[name] === 'text');
    go(next, isTyping);
  };
  const clear = () => {
    const cleared = Object.fromEntries(
      [...Object.keys(filters.kinds), 'cursor', 'page'].map((name) => [name, undefined]),
    );
    go({ ...search, ...cleared }, false);
  };
  return { values, set, clear, any: Object.keys(filters.kinds).some((name) => values[name] !== undefined) };
}
