import type { NewKey as CreatedKey } from '@wxthirdparty/sdk';
import { useState } from 'react';
import { request } from '../../api/operation.ts';
import { serverNow } from '../../api/server-clock.ts';
import { useAction } from '../../ui/action.tsx';
import { Banner } from '../../ui/banner.tsx';
import { Button } from '../../ui/button.tsx';
import { ErrorNotice } from '../../ui/error-notice.tsx';
import { Facts } from '../../ui/facts.tsx';
import { CheckboxGroup, Form, FormActions, SelectField, TextArea, TextField } from '../../ui/form.tsx';
import { ButtonLink, Link } from '../../ui/link.tsx';
import { Id } from '../../ui/mono.tsx';
import { Page } from '../../ui/page.tsx';
import { useWords } from '../../words/define-words.ts';
import { sharedWords } from '../../words/shared-words.ts';
import {
  type Entered,
  type Faults,
  faultsOf,
  inputOf,
  type Lifetime,
  lifetimes,
  nothingEntered,
  type Scope,
} from './key-input.ts';
import { words as ownWords } from './words.ts';

const scopes: readonly Scope[] = [
  'calls',
  'followers:read',
  'authorizers:read',
  'authorizers:write',
  'pushes:read',
  'pushes:write',
  'admin',
];

export function NewKey() {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const create = useAction({
    perform: (entered: Entered) => request('POST /v1/keys', { body: inputOf(entered, serverNow()) }),
    refreshes: ['GET /v1/keys', 'GET /v1/audit'],
  });
  return (
    <Page title={words.newTitle} back={<Link to="/keys">{shared.keys}</Link>}>
      {create.answer ? (
        <Created created={create.answer} />
      ) : (
        <>
          {create.error && <ErrorNotice title={words.newFailed} error={create.error} />}
          <KeyForm onSubmit={create.start} busy={create.busy} />
        </>
      )}
    </Page>
  );
}

function KeyForm({ onSubmit, busy }: { readonly onSubmit: (entered: Entered) => void; readonly busy: boolean }) {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const [entered, setEntered] = useState(nothingEntered);
  // Faults are shown once the form was sent, and then while they are corrected.
  const [sent, setSent] = useState(false);
  const faults: Faults = sent ? faultsOf(entered) : {};
  const set = (change: Partial<Entered>) => setEntered({ ...entered, ...change });
  const submit = () => {
    setSent(true);
    if (Object.keys(faultsOf(entered)).length === 0) onSubmit(entered);
  };
  return (
    <Form onSubmit={submit}>
      <TextField
        label={words.name}
        value={entered.name}
        onChange={(name) => set({ name })}
        help={words.nameHelp}
        error={faults.name && words.nameMissing}
        autoComplete="off"
        spellCheck={false}
      />
      <CheckboxGroup
        label={words.scopes}
        value={entered.scopes}
        onChange={(chosen) => set({ scopes: chosen })}
        options={scopes.map((scope) => {
          const [word, help] = words.scopeWords[scope];
          return { value: scope, word: word ?? scope, help: `${scope} · ${help}` };
        })}
        error={faults.scopes && words.scopesMissing}
      />
      <TextArea
        label={words.accounts}
        value={entered.accounts}
        onChange={(accounts) => set({ accounts })}
        help={words.accountsHelp}
        error={
          faults.accounts &&
          (faults.accounts === 'admin' ? words.adminIsUnrestricted : words.accountInvalid(faults.accounts.line))
        }
      />
      <TextArea
        label={words.paths}
        value={entered.paths}
        onChange={(paths) => set({ paths })}
        help={words.pathsHelp}
        error={
          faults.paths && (faults.paths === 'admin' ? words.adminIsUnrestricted : words.pathInvalid(faults.paths.line))
        }
      />
      <SelectField<Lifetime>
        label={words.expires}
        value={entered.lifetime}
        onChange={(lifetime) => set({ lifetime })}
        options={(Object.keys(lifetimes) as Lifetime[]).map((value) => ({ value, word: words.lifetimes[value] }))}
      />
      <TextField
        label={words.rate}
        value={entered.rate}
        onChange={(rate) => set({ rate })}
        inputMode="numeric"
        help={words.rateHelp}
        error={faults.rate && words.rateInvalid}
        autoComplete="off"
      />
      <FormActions>
        <Button kind="primary" type="submit" busy={busy}>
          {words.create}
        </Button>
        <ButtonLink to="/keys">{shared.cancel}</ButtonLink>
      </FormActions>
    </Form>
  );
}

/** The only place where a key is shown; it is in no address and in no list. */
function Created({ created }: { readonly created: CreatedKey }) {
  const words = useWords(ownWords);
  return (
    <>
      <Banner tone="good" title={words.createdTitle} announce>
        <p>{words.createdOnce}</p>
      </Banner>
      <Facts
        facts={[
          { label: words.name, value: created.name },
          { label: words.secret, value: <Id value={created.key} /> },
          {
            label: words.useIt,
            value: <Id value={`Authorization: Bearer ${created.key}`} shown="Authorization: Bearer …" />,
          },
        ]}
      />
      <div>
        <ButtonLink to="/keys">{words.done}</ButtonLink>
      </div>
    </>
  );
}
