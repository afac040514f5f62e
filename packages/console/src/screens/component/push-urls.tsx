import { Facts } from '../../ui/facts.tsx';
import { Id } from '../../ui/mono.tsx';
import { Muted, Section } from '../../ui/page.tsx';
import { useWords } from '../../words/define-words.ts';
import type { ComponentAnswer } from './component-answer.ts';
import { words as ownWords } from './words.ts';

/** What has to be entered at the Open Platform, to be copied. */
export function PushUrls({ urls }: { readonly urls: ComponentAnswer['pushUrls'] }) {
  const words = useWords(ownWords);
  return (
    <Section title={words.urls} beside={<Muted>{words.urlsHelp}</Muted>}>
      <Facts
        facts={[
          { label: words.eventsUrl, value: <Id value={urls.events} /> },
          { label: words.messagesUrl, value: <Id value={urls.messages} /> },
        ]}
      />
    </Section>
  );
}
