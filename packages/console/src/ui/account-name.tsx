import type { ReactNode } from 'react';
import { shownHandle } from '../words/shown-handle.ts';
import styles from './account-name.module.css';

interface NamedAccount {
  readonly appid: string;
  readonly handle: string | null;
  readonly nickName: string | null;
}

interface Props {
  readonly account: NamedAccount;
  /** Makes the name a link. */
  readonly link?: (name: ReactNode) => ReactNode;
}

/** An account in a list about something else: its nickname, or the name that the business gave it, with its appid behind it. */
export function AccountName({ account: { appid, handle, nickName }, link = (name) => name }: Props) {
  const name = nickName ?? shownHandle(handle);
  if (name === null) return link(<span className={styles.appid}>{appid}</span>);
  return (
    <>
      <span className={styles.name}>{link(name)}</span>
      <span className={styles.appid}>{appid}</span>
    </>
  );
}
