import { useTextOfNow } from '../../ui/now.ts';
import { Muted } from '../../ui/page.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { words as ownWords } from './words.ts';

/** When a pending delivery is tried next. `held`: its subscription is failing, so that it waits although it is due. */
export function Due({ at, held = false }: { readonly at: string | null; readonly held?: boolean }) {
  const words = useWords(ownWords);
  const format = useFormat();
  const text = useTextOfNow((now) => {
    if (at === null) return '–';
    const waitsMs = Date.parse(at) - now;
    if (waitsMs <= 0) return held ? words.held : words.due;
    return `${words.next} ${format.age(-waitsMs)}`;
  });
  return <Muted>{text}</Muted>;
}
