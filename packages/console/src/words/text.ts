import type { Explanation } from '@wxthirdparty/sdk';
import { useLanguage } from './language.ts';

/** Picks the language of a text that the gateway sends in both. */
export function useText(): (text: Explanation) => string {
  const language = useLanguage();
  return (text) => text[language];
}
