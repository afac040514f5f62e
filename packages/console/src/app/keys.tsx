import { useEffect, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { useWords } from '../words/define-words.ts';
import { sharedWords } from '../words/shared-words.ts';
import { frameWords } from './frame-words.ts';
import styles from './keys.module.css';

/** The keys of the whole console. `/` focuses the search of the screen, else the one of the top bar; `?` lists the keys. */
export function Keys() {
  const words = useWords(frameWords);
  const shared = useWords(sharedWords);
  const [listed, setListed] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === '/') focusSearch(event);
      if (event.key === '?') setListed(true);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  if (!listed) return null;
  const close = () => setListed(false);
  return (
    <Dialog title={words.keys} onClose={close} actions={<Button onClick={close}>{shared.close}</Button>}>
      <dl className={styles.keys}>
        {words.keyList.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');
}

function focusSearch(event: KeyboardEvent): void {
  const box =
    document.querySelector<HTMLInputElement>('main [data-search]') ??
    document.querySelector<HTMLInputElement>('[data-search]');
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
}
