import { useWords } from '../words/define-words.ts';
import { setLanguage, useLanguage } from '../words/language.ts';
import { Icon } from './icon.tsx';
import { Menu, MenuItem } from './menu.tsx';
import styles from './preferences.module.css';
import { preferencesWords } from './preferences-words.ts';
import { setTheme, themes, useTheme } from './theme.ts';

export function LanguageButton() {
  const words = useWords(preferencesWords);
  const language = useLanguage();
  const other = language === 'zh' ? 'en' : 'zh';
  return (
    <button
      type="button"
      className={styles.control}
      lang={other === 'zh' ? 'zh-CN' : 'en'}
      onClick={() => setLanguage(other)}
    >
      {words.otherLanguage}
    </button>
  );
}

export function ThemeMenu() {
  const words = useWords(preferencesWords);
  const chosen = useTheme();
  return (
    <Menu label={words.theme} button={<Icon name="theme" />} align="end">
      {themes.map((theme) => (
        <MenuItem key={theme} checked={theme === chosen} onSelect={() => setTheme(theme)}>
          {words.themes[theme]}
        </MenuItem>
      ))}
    </Menu>
  );
}
