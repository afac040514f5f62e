import { useSearch } from '@tanstack/react-router';
import { Page } from '../../ui/page.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { useWords } from '../../words/define-words.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { pushFilters } from './filters.ts';
import { Journal } from './journal.tsx';
import { Subscriptions } from './subscriptions.tsx';
import { words as ownWords } from './words.ts';

/** Where pushes go, and which have come. */
export function Pushes() {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const { tab = 'subscriptions' } = pushFilters.read(useSearch({ strict: false }) as Record<string, unknown>);
  return (
    <Page title={shared.pushes}>
      <Tabs
        label={words.views}
        tabs={[
          { name: 'subscriptions', word: shared.subscriptions },
          { name: 'journal', word: words.journal },
        ]}
        open={tab}
      >
        {tab === 'journal' ? <Journal /> : <Subscriptions />}
      </Tabs>
    </Page>
  );
}
