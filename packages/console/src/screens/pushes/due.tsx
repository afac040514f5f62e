import { useTextOfNow } from '../../ui/now.ts';
import { Muted } from '../../ui/page.tsx';
import { useWords } from '../../words/define-words.ts';
import { useFormat } from '../../words/format.ts';
import { words as ownWords } from './words.ts';

/** When a pending delivery is tried next; one that is due waits for its subscription. */
export function Due({ at }: { readonly at: string | null }) {
  const words = useWords(ownWords);
  const format = useFormat();
  const text = useTextOfNow((now) => {
    if (at === null) return '–';
    const waitsMs = Date.parse(at) - now;
    return waitsMs <= 0 ? words.due : `${words.next} ${format.age(-waitsMs)}`;
  });
  return <Muted>{text}</Muted>;
}
