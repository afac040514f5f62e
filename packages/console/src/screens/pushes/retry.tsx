import { request } from '../../api/operation.ts';
import { ActionButton, useAction } from '../../ui/action.tsx';
import { useWords } from '../../words/define-words.ts';
import { words as ownWords } from './words.ts';

/** Makes a delivery due now. */
export function Retry({
  subscription,
  push,
  quiet = false,
}: {
  readonly subscription: string;
  readonly push: string;
  /** In a table. */
  readonly quiet?: boolean;
}) {
  const words = useWords(ownWords);
  const action = useAction({
    perform: () => request('POST /v1/subscriptions/:id/deliveries/:push/retry', { path: { id: subscription, push } }),
    refreshes: ['GET /v1/deliveries', 'GET /v1/subscriptions/:id/deliveries/:push', 'GET /v1/subscriptions/:id'],
  });
  return (
    <ActionButton
      label={words.retry}
      kind={quiet ? 'quiet' : 'plain'}
      action={action}
      confirm={{ title: words.retryTitle, text: words.retryText }}
      done={() => words.retried}
    />
  );
}
