import { useSyncExternalStore } from 'react';
import { serverNow } from '../api/server-clock.ts';

const TICK_MS = 1_000;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    if (!document.hidden) for (const one of [...listeners]) one();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** A text that follows from the server's time. Its component is rendered again only when the text has changed. */
export function useTextOfNow(textAt: (now: number) => string): string {
  return useSyncExternalStore(subscribe, () => textAt(serverNow()));
}
