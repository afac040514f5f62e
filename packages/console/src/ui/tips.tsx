import { useEffect, useRef } from 'react';
import styles from './tips.module.css';

const GAP = 6;
const MARGIN = 8;

/**
 * One tip for the whole page. It shows the `data-tip` of what is hovered or focused, or the full text of a cell that is cut
 * off. Escape hides it.
 */
export function Tips() {
  const tip = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = tip.current;
    if (!element) return;
    const hide = () => element.matches(':popover-open') && element.hidePopover();
    const show = (target: Element) => {
      const text = tipOf(target);
      if (text === undefined) return hide();
      element.textContent = text.text;
      if (!element.matches(':popover-open')) element.showPopover();
      place(element, text.anchor.getBoundingClientRect());
    };
    const onOver = (event: Event) => event.target instanceof Element && show(event.target);
    const onFocus = (event: FocusEvent) => {
      const { target } = event;
      if (target instanceof Element && target.matches(':focus-visible'))
        show(target.closest('tr') ? tippedIn(target) : target);
    };
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && hide();
    const controller = new AbortController();
    const { signal } = controller;
    document.addEventListener('pointerover', onOver, { signal });
    document.addEventListener('focusin', onFocus, { signal });
    document.addEventListener('focusout', hide, { signal });
    document.addEventListener('keydown', onKey, { signal });
    addEventListener('scroll', hide, { signal, passive: true, capture: true });
    return () => controller.abort();
  }, []);
  return <div ref={tip} popover="manual" className={styles.tip} role="tooltip" />;
}

/** The link of a row shows what is cut off in its own cell. */
function tippedIn(link: Element): Element {
  return link.querySelector('[data-tip]') ?? link;
}

function tipOf(target: Element): { text: string; anchor: Element } | undefined {
  const given = target.closest('[data-tip]');
  if (given) return { text: given.getAttribute('data-tip') ?? '', anchor: given };
  const cell = target.closest('[data-cut]');
  if (cell && cell.scrollWidth > cell.clientWidth) return { text: cell.textContent ?? '', anchor: cell };
  return undefined;
}

function place(element: HTMLElement, anchor: DOMRect): void {
  const { width, height } = element.getBoundingClientRect();
  const left = Math.max(MARGIN, Math.min(anchor.left, innerWidth - width - MARGIN));
  const below = anchor.bottom + GAP;
  const top = below + height > innerHeight ? anchor.top - height - GAP : below;
  element.style.left = `${left}px`;
  element.style.top = `${top}px`;
}
