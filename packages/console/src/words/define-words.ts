import { type Language, useLanguage } from './language.ts';

export type Words<W> = Readonly<Record<Language, W>>;

/** The words of one part in both languages. A word that one of them lacks does not compile. */
export function defineWords<W extends object>(words: { readonly zh: W; readonly en: NoInfer<W> }): Words<W> {
  return words;
}

/** The words in the chosen language. */
export function useWords<W>(words: Words<W>): W {
  return words[useLanguage()];
}
