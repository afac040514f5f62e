import { serverNow } from '../../api/server-clock.ts';
import { Age } from '../../ui/age.tsx';
import { Muted } from '../../ui/page.tsx';
import { useWords } from '../../words/define-words.ts';
import { words as ownWords } from './words.ts';

/** When a pending delivery is tried next; one that is due waits for its subscription. */
export function Due({ at }: { readonly at: string | null }) {
  const words = useWords(ownWords);
  if (at === null) return <Muted>–</Muted>;
  if (Date.parse(at) <= serverNow()) return <Muted>{words.due}</Muted>;
  return (
    <Muted>
      {words.next} <Age at={at} />
    </Muted>
  );
}
