import { useLocation } from '@tanstack/react-router';
import { createContext, type ReactNode, useContext, useEffect, useId, useRef } from 'react';
import { Icon } from './icon.tsx';
import styles from './menu.module.css';

interface Props {
  readonly label: string;
  /** What the button shows: an icon, perhaps words. */
  readonly button: ReactNode;
  readonly align: 'start' | 'end';
  readonly className?: string | undefined;
  readonly children: ReactNode;
}

const CloseMenu = createContext<() => void>(() => {});

/** Choices under a button. The browser closes it by Escape or a click elsewhere, and a navigation closes it. */
export function Menu({ label, button, align, className, children }: Props) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const close = () => list.current?.hidePopover();
  const { pathname } = useLocation();
  const shownFor = useRef(pathname);
  useEffect(() => {
    if (shownFor.current === pathname) return;
    shownFor.current = pathname;
    if (list.current?.matches(':popover-open')) list.current.hidePopover();
  }, [pathname]);
  /** Below the button, in the viewport. */
  const place = () => {
    const anchor = opener.current?.getBoundingClientRect();
    if (!list.current || !anchor) return;
    list.current.style.top = `${anchor.bottom + 4}px`;
    if (align === 'start') list.current.style.left = `${anchor.left}px`;
    else list.current.style.right = `${document.documentElement.clientWidth - anchor.right}px`;
  };
  return (
    <>
      <button
        ref={opener}
        type="button"
        className={`${styles.opener} ${className ?? ''}`}
        popoverTarget={id}
        aria-label={label}
      >
        {button}
      </button>
      <div ref={list} id={id} popover="auto" className={styles.list} onBeforeToggle={place}>
        <CloseMenu value={close}>{children}</CloseMenu>
      </div>
    </>
  );
}

interface ItemProps {
  readonly onSelect?: () => void;
  /** A page outside of the console. */
  readonly href?: string;
  /** Of choices that exclude each other: whether it is the chosen one. */
  readonly checked?: boolean;
  readonly children: ReactNode;
}

export function MenuItem({ onSelect, href, checked, children }: ItemProps) {
  const close = useContext(CloseMenu);
  if (href !== undefined) {
    return (
      <a className={styles.item} href={href} target="_blank" rel="noreferrer noopener">
        {children}
      </a>
    );
  }
  const select = () => {
    close();
    onSelect?.();
  };
  return (
    <button type="button" className={styles.item} aria-pressed={checked} onClick={select}>
      {checked !== undefined && <span className={styles.mark}>{checked && <Icon name="check" size={12} />}</span>}
      {children}
    </button>
  );
}

export function MenuLabel({ children }: { readonly children: ReactNode }) {
  return <p className={styles.label}>{children}</p>;
}
