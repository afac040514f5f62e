import { useRights } from '../../api/session.ts';
import { useFilters } from '../../ui/filters.ts';
import { PrimaryButtonLink } from '../../ui/link.tsx';
import { Page } from '../../ui/page.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { useWords } from '../../words/define-words.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { Audit } from './audit.tsx';
import { keyFilters } from './filters.ts';
import { KeyList } from './key-list.tsx';
import { words as ownWords } from './words.ts';

/** API keys, and what operators did. */
export function Keys() {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const { values } = useFilters(keyFilters);
  const rights = useRights();
  const tab = values.tab ?? 'keys';
  return (
    <Page
      title={shared.keys}
      actions={rights.mayWrite('admin') && <PrimaryButtonLink to="/keys/new">{words.create}</PrimaryButtonLink>}
    >
      <Tabs
        label={words.views}
        open={tab}
        tabs={[
          { name: 'keys', word: shared.keys },
          { name: 'audit', word: shared.audit },
        ]}
      >
        {tab === 'audit' ? <Audit place={values} /> : <KeyList place={values} />}
      </Tabs>
    </Page>
  );
}
