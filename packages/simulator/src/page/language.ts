export type Language = 'zh' | 'en';

/** The first of our languages that the browser names; Chinese, like WeChat's own pages, if it names neither. */
export function languageOf(acceptLanguage: string | undefined): Language {
  const first = /(?:^|,)\s*(zh|en)\b/i.exec(acceptLanguage ?? '');
  return first?.[1]?.toLowerCase() === 'en' ? 'en' : 'zh';
}
