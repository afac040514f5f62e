import type { ReactNode } from 'react';
import { useLanguage } from '../words/language.ts';

/** What is said beside something, in parentheses as wide as the language writes them. */
export function Parenthesis({ children }: { readonly children: ReactNode }) {
  const [before, after] = useLanguage() === 'zh' ? ['（', '）'] : [' (', ')'];
  return (
    <>
      {before}
      {children}
      {after}
    </>
  );
}
