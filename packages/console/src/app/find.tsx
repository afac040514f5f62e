import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useRights } from '../api/session.ts';
import { Icon } from '../ui/icon.tsx';
import { useWords } from '../words/define-words.ts';
import styles from './find.module.css';
import { frameWords } from './frame-words.ts';

/** COMPONENT.ACCOUNT.RANDOM */
const CALL_ID = /^wx[\w-]+\.wx[\w-]+\.\S+$/;

/** Finds an account by any of its names, or one call by its id. */
export function Find() {
  const words = useWords(frameWords);
  const navigate = useNavigate();
  const { mayRead } = useRights();
  const [text, setText] = useState('');
  const find = () => {
    const q = text.trim();
    if (q === '') return;
    setText('');
    if (CALL_ID.test(q)) void navigate({ to: '/calls/$id', params: { id: q } });
    else void navigate({ to: '/accounts', search: { q } });
  };
  if (!mayRead('authorizers:read')) return null;
  return (
    <search className={styles.find}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          find();
        }}
      >
        <Icon name="search" />
        <input
          className={styles.input}
          type="search"
          aria-label={words.searchEverything}
          placeholder={words.searchEverything}
          value={text}
          onChange={(event) => setText(event.target.value)}
          data-search
          spellCheck={false}
          autoComplete="off"
        />
      </form>
    </search>
  );
}
