import type { FollowerSync } from '@wxthirdparty/sdk';
import { Age } from '../../ui/age.tsx';
import type { Column } from '../../ui/table.tsx';
import { useWords } from '../../words/define-words.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { SyncActions, SyncEnd, SyncProgress, SyncRate, SyncState } from './sync-parts.tsx';
import { words as ownWords } from './words.ts';

/** Of a list of all syncs, and of one account's. */
export function useSyncColumns(): readonly Column<FollowerSync>[] {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  return [
    { header: shared.state, priority: 1, cell: (sync) => <SyncState sync={sync} /> },
    { header: words.progress, width: 2, priority: 1, cell: (sync) => <SyncProgress sync={sync} /> },
    { header: words.rate, width: 0.8, priority: 3, numeric: true, cell: (sync) => <SyncRate sync={sync} /> },
    { header: words.ends, cell: (sync) => <SyncEnd sync={sync} /> },
    { header: words.started, priority: 3, cell: ({ startedAt }) => <Age at={startedAt} /> },
    { header: words.actions, width: 1.6, priority: 1, actions: true, cell: (sync) => <SyncActions sync={sync} /> },
  ];
}
