import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { ApiError } from '../api/api-error.ts';
import type { Reading } from '../api/operation.ts';
import { useWords } from '../words/define-words.ts';
import { sharedWords } from '../words/shared-words.ts';
import styles from './action.module.css';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { ErrorSentence } from './error-notice.tsx';
import { ToneMark } from './status.tsx';

export interface ActionOptions<Input, Answer> {
  readonly perform: (input: Input) => Promise<Answer>;
  /** What is read again afterwards, whether it succeeded or not. */
  readonly refreshes?: readonly Reading[];
  readonly onSuccess?: (answer: Answer, input: Input) => void;
}

export interface Action<Input, Answer> {
  readonly start: (input: Input) => void;
  readonly busy: boolean;
  readonly answer: Answer | undefined;
  readonly error: ApiError | null;
  readonly reset: () => void;
}

/** Every write of the console. It reads again what the write changes. */
export function useAction<Answer, Input = void>(options: ActionOptions<Input, Answer>): Action<Input, Answer> {
  const client = useQueryClient();
  const mutation = useMutation<Answer, ApiError, Input>({
    mutationFn: options.perform,
    onSuccess: (answer, input) => options.onSuccess?.(answer, input),
    onSettled: () => {
      for (const operation of options.refreshes ?? []) void client.invalidateQueries({ queryKey: [operation] });
    },
  });
  return {
    start: (input) => mutation.mutate(input),
    busy: mutation.isPending,
    answer: mutation.data,
    error: mutation.error,
    reset: mutation.reset,
  };
}

export interface Confirmation {
  /** Names the object and the number affected: `Pause 3 syncs?` */
  readonly title: string;
  readonly text?: ReactNode;
  /** The word on the button that acts; default: the button's own. */
  readonly button?: string;
}

interface ButtonProps<Answer> {
  readonly label: string;
  readonly action: Action<void, Answer>;
  /** `quiet`: in the rows of a table. */
  readonly kind?: 'plain' | 'primary' | 'danger' | 'quiet';
  readonly confirm?: Confirmation;
  /** The result in words, after it succeeded. */
  readonly done?: (answer: Answer) => ReactNode;
  readonly disabled?: boolean;
}

/** A button that acts, after a confirmation if it has one, and shows the result in words beside it. */
export function ActionButton<Answer>({ label, action, kind = 'plain', confirm, done, disabled }: ButtonProps<Answer>) {
  const words = useWords(sharedWords);
  const [asking, setAsking] = useState(false);
  const start = () => {
    setAsking(false);
    action.start();
  };
  return (
    <span className={styles.action}>
      <ActionResult action={action} done={done} />
      <Button
        kind={kind}
        busy={action.busy}
        disabled={disabled}
        onClick={() => {
          action.reset();
          if (confirm) setAsking(true);
          else start();
        }}
      >
        {label}
      </Button>
      {confirm && asking && (
        <Dialog
          title={confirm.title}
          onClose={() => setAsking(false)}
          actions={
            <>
              <Button onClick={() => setAsking(false)}>{words.cancel}</Button>
              <Button kind={kind === 'danger' ? 'danger' : 'primary'} onClick={start}>
                {confirm.button ?? label}
              </Button>
            </>
          }
        >
          {confirm.text}
        </Dialog>
      )}
    </span>
  );
}

/** What became of an action, in words that a screen reader announces. */
export function ActionResult<Input, Answer>({
  action,
  done,
}: {
  readonly action: Action<Input, Answer>;
  readonly done?: ((answer: Answer) => ReactNode) | undefined;
}) {
  return (
    <span className={styles.result} role="status">
      {action.error && (
        <ToneMark tone="fault">
          <ErrorSentence error={action.error} />
        </ToneMark>
      )}
      {!action.error && !action.busy && action.answer !== undefined && done && (
        <ToneMark tone="good">{done(action.answer)}</ToneMark>
      )}
    </span>
  );
}
