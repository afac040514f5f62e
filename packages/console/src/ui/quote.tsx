import { useLanguage } from '../words/language.ts';

/** What WeChat, Redis or a receiver said, in its own words and language. */
export function Quote({ children }: { readonly children: string }) {
  return <span>{useLanguage() === 'zh' ? `「${children}」` : `“${children}”`}</span>;
}
