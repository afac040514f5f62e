import { defineWords } from '../words/define-words.ts';

export const preferencesWords = defineWords({
  zh: {
    otherLanguage: 'English',
    theme: '外观',
    themes: { system: '跟随系统', light: '浅色', dark: '深色' },
  },
  en: {
    otherLanguage: '中文',
    theme: 'Theme',
    themes: { system: 'As the system', light: 'Light', dark: 'Dark' },
  },
});
