import { request } from '../../api/operation.ts';
import { ActionButton, useAction } from '../../ui/action.tsx';
import { useWords } from '../../words/define-words.ts';
import { words as ownWords } from './words.ts';

/** A call that has not been sent. */
export function Cancel({
  id,
  path,
  quiet = false,
}: {
  readonly id: string;
  readonly path: string;
  /** In a table. */
  readonly quiet?: boolean;
}) {
  const words = useWords(ownWords);
  const action = useAction({
    perform: () => request('DELETE /v1/calls/:id', { path: { id } }),
    refreshes: ['GET /v1/calls', 'GET /v1/calls/:id'],
  });
  return (
    <ActionButton
      label={words.cancelCall}
      kind={quiet ? 'quiet' : 'danger'}
      action={action}
      confirm={{ title: words.cancelTitle, text: words.cancelText(path) }}
      done={() => words.cancelledNow}
    />
  );
}
