import type { ReactNode } from 'react';
import { accountWords } from '../words/account-words.ts';
import { useWords } from '../words/define-words.ts';
import { TextField } from './form.tsx';

const MAX_LENGTH = 64;

/** Whether the gateway accepts it as a handle. */
export function isHandle(text: string): boolean {
  return text.length <= MAX_LENGTH && /^[A-Za-z0-9_-]+$/.test(text);
}

interface Props {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly help: ReactNode;
}

/** A business's own name of an account. */
export function HandleField({ value, onChange, help }: Props) {
  const { handle, wrongHandle } = useWords(accountWords);
  return (
    <TextField
      label={handle}
      value={value}
      onChange={(text) => onChange(text.trim())}
      help={help}
      error={value !== '' && !isHandle(value) && wrongHandle}
      maxLength={MAX_LENGTH}
      mono
      spellCheck={false}
      autoComplete="off"
    />
  );
}
