import { useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { request } from '../../api/operation.ts';
import { useRead } from '../../api/use-read.ts';
import { ActionResult, useAction } from '../../ui/action.tsx';
import { Button } from '../../ui/button.tsx';
import { useFilters } from '../../ui/filters.ts';
import { Form, FormActions, SelectField, TextField } from '../../ui/form.tsx';
import { HandleField, isHandle } from '../../ui/handle-field.tsx';
import { Link } from '../../ui/link.tsx';
import { Page } from '../../ui/page.tsx';
import { useWords } from '../../words/define-words.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { newLinkFilters } from './filters.ts';
import { words as ownWords } from './words.ts';

const DAY_MS = 24 * 60 * 60_000;
const DAYS = [1, 7, 30] as const;
const AUTH_TYPES = ['3', '1', '2', '6'] as const;
const STYLES = ['auto', 'pc', 'mobile'] as const;

/** Asks what a link is for; its own screen has the address and the QR code. */
export function NewLink() {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const router = useRouter();
  const { values } = useFilters(newLinkFilters);
  const { data: status } = useRead('GET /v1/status', {});
  const components = status?.components.map(({ appid }) => appid) ?? [];
  const [chosen, setChosen] = useState(values.component ?? '');
  const component = chosen || components[0] || '';
  const [appid, setAppid] = useState(values.appid ?? '');
  const [authType, setAuthType] = useState<(typeof AUTH_TYPES)[number]>('3');
  const [days, setDays] = useState<`${(typeof DAYS)[number]}`>('7');
  const [style, setStyle] = useState<(typeof STYLES)[number]>('auto');
  const [returnTo, setReturnTo] = useState('');
  const [handle, setHandle] = useState('');
  const isWrongAppid = appid !== '' && !/^wx[0-9a-z]{4,}$/.test(appid);
  const isWrong = isWrongAppid || (handle !== '' && !isHandle(handle));
  const create = useAction({
    perform: () =>
      request('POST /v1/components/:appid/authorization-links', {
        path: { appid: component },
        body: {
          authType: Number(authType) as 3,
          ...(appid === '' ? {} : { bizAppid: appid }),
          ...(style === 'auto' ? {} : { style }),
          ...(returnTo.trim() === '' ? {} : { returnTo: returnTo.trim() }),
          ...(handle === '' ? {} : { handle }),
          expiresInMs: Number(days) * DAY_MS,
        },
      }),
    refreshes: ['GET /v1/authorization-links'],
    onSuccess: ({ id }) => void router.navigate({ to: '/links/$id', params: { id } }),
  });
  return (
    <Page title={words.create} back={<Link to="/links">{shared.links}</Link>}>
      <Form onSubmit={() => !isWrong && component !== '' && create.start()}>
        {components.length > 1 && (
          <SelectField
            label={shared.component}
            value={component}
            onChange={setChosen}
            options={components.map((one) => ({ value: one, word: one }))}
          />
        )}
        <TextField
          label={words.appid}
          value={appid}
          onChange={(value) => setAppid(value.trim())}
          help={words.forWhomHelp}
          error={isWrongAppid && words.wrongAppid}
          mono
          spellCheck={false}
          autoComplete="off"
        />
        {appid === '' && (
          <SelectField
            label={words.forWhom}
            value={authType}
            onChange={setAuthType}
            options={AUTH_TYPES.map((value) => ({ value, word: words.authTypes[value] }))}
          />
        )}
        <SelectField
          label={words.valid}
          value={days}
          onChange={setDays}
          options={DAYS.map((value) => ({ value: `${value}` as const, word: words.days(value) }))}
        />
        <SelectField
          label={words.style}
          value={style}
          onChange={setStyle}
          options={STYLES.map((value) => ({ value, word: words.styles[value] }))}
        />
        <TextField
          label={words.returnTo}
          type="url"
          value={returnTo}
          onChange={setReturnTo}
          help={words.returnToHelp}
          spellCheck={false}
          autoComplete="off"
        />
        <HandleField value={handle} onChange={setHandle} help={words.handleHelp} />
        <FormActions>
          <Button kind="primary" type="submit" busy={create.busy} disabled={isWrong || component === ''}>
            {words.submit}
          </Button>
          <ActionResult action={create} />
        </FormActions>
      </Form>
    </Page>
  );
}
