/** The target of a request, as all routes read it. */
export interface Target {
  /** Path and query as received, but normalized as below. */
  readonly relative: string;
  /** Starts with one slash, unless it is not a path. */
  readonly path: string;
  /** Without its question mark. */
  readonly search: string;
}

/**
 * Reads the target of a request line. Leading slashes count as one (a base URL that ends with a slash causes two), and the
 * absolute form, which clients send to a proxy, is made relative.
 */
export function targetOf(url: string): Target {
  const relative = url.replace(/^https?:\/\/[^/?]*/i, '').replace(/^\/{2,}/, '/');
  const mark = relative.indexOf('?');
  return mark === -1
    ? { relative, path: relative === '' ? '/' : relative, search: '' }
    : { relative, path: relative.slice(0, mark) || '/', search: relative.slice(mark + 1) };
}
