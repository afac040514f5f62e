/** What the top bar has chosen. Without it: all components. */
export interface ComponentSearch {
  readonly component?: string;
}

export function readComponent({ component }: Record<string, unknown>): ComponentSearch {
  return typeof component === 'string' && component !== '' ? { component } : {};
}

interface Navigation {
  /** Of the address before. */
  readonly search: ComponentSearch;
  readonly next: (search: ComponentSearch) => ComponentSearch;
}

/** The chosen component survives every navigation that does not name one itself, or `undefined` for all. */
export function keepComponent({ search, next }: Navigation): ComponentSearch {
  const result = next(search);
  if (search.component === undefined || 'component' in result) return result;
  return { ...result, component: search.component };
}
