/** What a request asks for, as all routes read it. */
export interface Target {
  /** Path and query as they came, without what is folded. */
  readonly relative: string;
  /** Begins with one slash, unless it is no path at all. */
  readonly path: string;
  /** Without its question mark. */
  readonly search: string;
}

/**
 * Reads the target of a request line: slashes at its front count as one (a base URL that ends with a slash makes two), and
 * so does the absolute form that clients send to a proxy.
 */
export function targetOf(url: string): Target {
  const relative = url.replace(/^https?:\/\/[^/?]*/i, '').replace(/^\/{2,}/, '/');
  const mark = relative.indexOf('?');
  return mark === -1
    ? { relative, path: relative === '' ? '/' : relative, search: '' }
    : { relative, path: relative.slice(0, mark) || '/', search: relative.slice(mark + 1) };
}
