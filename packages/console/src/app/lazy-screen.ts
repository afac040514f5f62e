import { lazyRouteComponent } from '@tanstack/react-router';
import type { ComponentType } from 'react';

const RELOADED_AT = 'wxthirdparty-reloaded-at';
/** A second failure this soon after a reload is no effect of an upgrade: another reload would not help. */
const RELOAD_PAUSE_MS = 60_000;

/**
 * A screen in a chunk of its own. After an upgrade the chunk of an old page is gone: then the page reloads, once, at the
 * navigation that needs it, so that no form that is open is lost before. The address is already the one of the new screen.
 */
export function lazyScreen<Name extends string>(
  load: () => Promise<Record<Name, ComponentType>>,
  name: Name,
): ReturnType<typeof lazyRouteComponent> {
  return lazyRouteComponent(async () => {
    try {
      return { default: (await load())[name] };
    } catch (error) {
      // Of other words than the browser's: at those the router would reload once more.
      if (!reloadIsNew()) throw new Error('The screen could not be loaded.', { cause: error });
      location.reload();
      // The old screen stays until the new page is there.
      return new Promise<never>(() => {});
    }
  });
}

function reloadIsNew(): boolean {
  const now = Date.now();
  try {
    const last = Number(sessionStorage.getItem(RELOADED_AT));
    if (now - last < RELOAD_PAUSE_MS) return false;
    sessionStorage.setItem(RELOADED_AT, String(now));
    return true;
  } catch {
    // Without a memory it could reload for ever.
    return false;
  }
}
