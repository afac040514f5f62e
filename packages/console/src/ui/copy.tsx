import { useEffect, useState } from 'react';
import { useWords } from '../words/define-words.ts';
import { sharedWords } from '../words/shared-words.ts';
import styles from './copy.module.css';
import { Icon } from './icon.tsx';

const SHOWN_MS = 2_000;

/** Copies a text; the icon confirms it. */
export function Copy({ text }: { readonly text: string }) {
  const words = useWords(sharedWords);
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const label = copied ? words.copied : `${words.copy} ${text}`;
  return (
    <button
      type="button"
      className={styles.copy}
      aria-label={label}
      data-tip={copied ? words.copied : words.copy}
      onClick={() => void copyText(text).then(() => setCopied(true))}
    >
      <Icon name={copied ? 'check' : 'copy'} size={12} />
    </button>
  );
}

/** The clipboard API needs HTTPS or a loopback address; gateways in a private network often have neither. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  area.setAttribute('readonly', '');
  area.className = styles.source ?? '';
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}
