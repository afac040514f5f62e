import { useParams } from '@tanstack/react-router';
import { OVERVIEW_REFRESH_MS, useRead } from '../../api/use-read.ts';
import { Link } from '../../ui/link.tsx';
import { Loaded, UpdatedAt } from '../../ui/loaded.tsx';
import { Id } from '../../ui/mono.tsx';
import { Page } from '../../ui/page.tsx';
import { Status } from '../../ui/status.tsx';
import { useWords } from '../../words/define-words.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { CurrentState } from './current-state.tsx';
import { Faults } from './faults.tsx';
import { PushUrls } from './push-urls.tsx';
import { Quotas } from './quotas.tsx';
import { Reconciliations } from './reconciliations.tsx';
import { ReleaseChecks } from './release-checks.tsx';
import { words as ownWords } from './words.ts';

/** One component: whether it can act now, why not, and what to set at WeChat. */
export function ComponentScreen() {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const { appid } = useParams({ from: '/frame/components/$appid' });
  const read = useRead('GET /v1/components/:appid', { path: { appid } }, { refreshMs: OVERVIEW_REFRESH_MS });
  const { data } = read;
  return (
    <Page
      title={shared.component}
      back={<Link to="/">{shared.overview}</Link>}
      beside={
        <>
          <Id value={appid} />
          {data && <Status of="component" state={data.ready ? 'ready' : (data.reasons[0] ?? 'no_ticket')} />}
          <UpdatedAt read={read} />
        </>
      }
    >
      <Loaded read={read} failed={words.failed} lines={10}>
        {(component) => (
          <>
            <Faults component={component} />
            <CurrentState component={component} />
            <PushUrls urls={component.pushUrls} />
            <Quotas quotas={component.quotas} />
            <Reconciliations component={appid} />
            <ReleaseChecks component={appid} />
          </>
        )}
      </Loaded>
    </Page>
  );
}
