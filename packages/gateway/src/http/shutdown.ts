import { OneShotSignal } from './one-shot-signal.ts';

/** What a closing gateway tells the requests that still run. */
export class Shutdown {
  /** `/readyz` answers 503 and every answer ends its connection; requests are still served. */
  readonly draining = new OneShotSignal();
  /** The listener is closed: no new connection, and streams end. */
  readonly listenerClosed = new OneShotSignal();
  /** Who waits for a call answers now, with what is known. */
  readonly stopWaiting = new OneShotSignal();
  /** Connections are about to be cut: the last chance to say anything. */
  readonly closing = new OneShotSignal();
}
