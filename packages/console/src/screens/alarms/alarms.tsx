import { useFilters } from '../../ui/filters.ts';
import { Page } from '../../ui/page.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { useWords } from '../../words/define-words.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { AlarmList } from './alarm-list.tsx';
import { Channels } from './channels.tsx';
import { alarmFilters } from './filters.ts';
import { words as ownWords } from './words.ts';

/** What is wrong now, what was wrong, and which receivers are notified. */
export function Alarms() {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const { values } = useFilters(alarmFilters);
  const state = values.state ?? 'open';
  return (
    <Page title={shared.alarms}>
      <Tabs
        label={words.views}
        param="state"
        open={state}
        tabs={[
          { name: 'open', word: words.open },
          { name: 'closed', word: words.closed },
        ]}
      >
        <AlarmList key={state} state={state} place={values} />
      </Tabs>
      <Channels />
    </Page>
  );
}
