/**
 * No connection was made, so nothing was sent. It has no `code`: for some codes undici would reconnect endlessly. The
 * original error is its `cause`.
 */
export class NoConnection extends Error {
  override readonly name = 'NoConnection';
  /** If the proxy was not reached or refused to serve us, another host does not help. */
  readonly unreached: 'host' | 'proxy';

  constructor(unreached: 'host' | 'proxy', cause: unknown) {
    super(`no connection to the ${unreached}`, { cause });
    this.unreached = unreached;
  }
}
