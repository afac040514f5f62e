/** An address without its query, which may contain a secret of the receiver. */
export function shownUrl(url: string): string {
  const [address = '', query] = url.split('?', 2);
  return query === undefined ? address : `${address}?…`;
}

/** Only the host, for tables. */
export function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return shownUrl(url);
  }
}
