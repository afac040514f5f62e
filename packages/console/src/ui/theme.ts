import { useSyncExternalStore } from 'react';
import { readStored, store } from '../words/stored.ts';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const STORED_AS = 'wxthirdparty-theme';
const DARK = '(prefers-color-scheme: dark)';
const listeners = new Set<() => void>();

let current: Theme = themes.find((theme) => theme === readStored(STORED_AS)) ?? 'system';
applyToDocument();
matchMedia(DARK).addEventListener('change', notify);

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, () => current);
}

/** Which of the two is shown; charts, which are drawn on a canvas, follow it. */
export function useIsDark(): boolean {
  return useSyncExternalStore(
    subscribe,
    () => current === 'dark' || (current === 'system' && matchMedia(DARK).matches),
  );
}

export function setTheme(theme: Theme): void {
  current = theme;
  store(STORED_AS, theme);
  applyToDocument();
  notify();
}

function notify(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function applyToDocument(): void {
  document.documentElement.dataset.theme = current;
}
