/**
 * No connection came about, so nothing of what waited for it has left. It has no `code` of its own: undici knows some
 * after which it would connect again without end. What really happened is its `cause`.
 */
export class NoConnection extends Error {
  override readonly name = 'NoConnection';
  /** Where the proxy was not reached, or would not serve us, another host is no way out. */
  readonly unreached: 'host' | 'proxy';

  constructor(unreached: 'host' | 'proxy', cause: unknown) {
    super(`no connection to the ${unreached}`, { cause });
    this.unreached = unreached;
  }
}
