import { useSyncExternalStore } from 'react';
import { readStored, store } from './stored.ts';

export type Language = 'zh' | 'en';

const STORED_AS = 'wxthirdparty-language';
const listeners = new Set<() => void>();

let current: Language = initialLanguage(readStored(STORED_AS), navigator.language);

/** The stored choice, else the browser's language; Chinese is the language of most operators. */
export function initialLanguage(stored: string | null, browser: string): Language {
  if (stored === 'zh' || stored === 'en') return stored;
  return /^en\b/i.test(browser) ? 'en' : 'zh';
}

export function useLanguage(): Language {
  return useSyncExternalStore(subscribe, () => current);
}

export function setLanguage(language: Language): void {
  current = language;
  store(STORED_AS, language);
  showLanguage();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** For browsers and screen readers. */
export function showLanguage(): void {
  document.documentElement.lang = current === 'zh' ? 'zh-CN' : 'en';
}
