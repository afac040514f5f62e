import { type ErrorComponentProps, useRouter } from '@tanstack/react-router';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { ButtonLink } from '../ui/link.tsx';
import { Page } from '../ui/page.tsx';
import { useWords } from '../words/define-words.ts';
import { frameWords } from './frame-words.ts';

/** The session could not be read: nothing is shown, and nothing is lost. */
export function SessionFailed({ error, reset }: ErrorComponentProps) {
  const words = useWords(frameWords);
  const router = useRouter();
  const retry = () => {
    reset();
    void router.invalidate();
  };
  return (
    <Page title="wxthirdparty">
      <ErrorNotice title={words.sessionFailed} error={error} onRetry={retry} />
    </Page>
  );
}

export function ScreenFailed({ error, reset }: ErrorComponentProps) {
  const words = useWords(frameWords);
  return (
    <Page title="wxthirdparty">
      <ErrorNotice title={words.screenFailed} error={error} onRetry={reset} />
    </Page>
  );
}

export function NotFound() {
  const words = useWords(frameWords);
  return (
    <Page title={words.notFound}>
      <div>
        <ButtonLink to="/">{words.toOverview}</ButtonLink>
      </div>
    </Page>
  );
}
