import type { Authorizer } from '@wxthirdparty/sdk';
import { useState } from 'react';
import { request } from '../../api/operation.ts';
import { useRights } from '../../api/session.ts';
import { ActionResult, useAction } from '../../ui/action.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Form } from '../../ui/form.tsx';
import { HandleField, isHandle } from '../../ui/handle-field.tsx';
import { useWords } from '../../words/define-words.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { words as ownWords } from './words.ts';

/** Gives the account the business's own name of it. */
export function EditHandle({ account }: { readonly account: Authorizer }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const { mayWrite } = useRights();
  const [open, setOpen] = useState(false);
  const [handle, setHandle] = useState('');
  const { appid, component } = account;
  const action = useAction({
    perform: () => request('PATCH /v1/authorizers/:appid', { path: { appid }, query: { component }, body: { handle } }),
    refreshes: ['GET /v1/authorizers/:appid', 'GET /v1/authorizers'],
    onSuccess: () => setOpen(false),
  });
  if (!mayWrite('authorizers:write')) return null;
  const start = () => {
    action.reset();
    setHandle(account.handle);
    setOpen(true);
  };
  const save = () => isHandle(handle) && action.start();
  return (
    <>
      <Button onClick={start}>{words.editHandle}</Button>
      {open && (
        <Dialog
          title={words.handleTitle(appid)}
          onClose={() => setOpen(false)}
          actions={
            <>
              <ActionResult action={action} />
              <Button onClick={() => setOpen(false)}>{shared.cancel}</Button>
              <Button kind="primary" busy={action.busy} disabled={!isHandle(handle)} onClick={save}>
                {words.saveHandle}
              </Button>
            </>
          }
        >
          <Form onSubmit={save}>
            <HandleField value={handle} onChange={setHandle} help={words.handleHelp} />
          </Form>
        </Dialog>
      )}
    </>
  );
}
