import { getRouteApi, useRouter } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { signIn } from '../../api/session.ts';
import { useAction } from '../../ui/action.tsx';
import { Banner } from '../../ui/banner.tsx';
import { Button } from '../../ui/button.tsx';
import { ErrorNotice } from '../../ui/error-notice.tsx';
import { Form, TextField } from '../../ui/form.tsx';
import { LanguageButton, ThemeMenu } from '../../ui/preferences.tsx';
import { Segments } from '../../ui/segments.tsx';
import { useWords } from '../../words/define-words.ts';
import styles from './sign-in.module.css';
import { isOfConsole } from './target.ts';
import { words as ownWords } from './words.ts';

type Way = 'password' | 'key';
const route = getRouteApi('/sign-in');

export function SignIn() {
  const words = useWords(ownWords);
  const { to = '/admin/' } = route.useSearch();
  const router = useRouter();
  const [way, setWay] = useState<Way>('password');
  const [name, setName] = useState('admin');
  const [password, setPassword] = useState('');
  const [key, setKey] = useState('');
  const [missing, setMissing] = useState(false);
  useEffect(() => {
    document.title = `${words.title} · wxthirdparty`;
  }, [words]);

  const enter = useAction({
    perform: () => signIn(way === 'password' ? { name, password } : { key }),
    onSuccess: () => (isOfConsole(to) ? router.history.push(to) : location.assign(to)),
  });
  const secret = way === 'password' ? password : key;
  const submit = () => {
    setMissing(secret === '');
    if (secret !== '') enter.start();
  };
  const refused = enter.error?.status === 401;
  const error = missing && secret === '' ? words.missing : undefined;

  return (
    <div className={styles.page}>
      <div className={styles.preferences}>
        <LanguageButton />
        <ThemeMenu />
      </div>
      <main className={styles.main}>
        <header>
          <p className={styles.brand}>wxthirdparty</p>
          <p className={styles.lead}>{words.lead}</p>
        </header>
        <h1 className={styles.title}>{words.title}</h1>
        {isReadableOnItsWay() && (
          <Banner tone="attention" title={words.plainHttp}>
            {words.plainHttpMore}
          </Banner>
        )}
        <Form onSubmit={submit}>
          <Segments
            label={words.way}
            value={way}
            onChange={(next) => {
              setWay(next);
              setMissing(false);
              enter.reset();
            }}
            options={[
              { value: 'password', word: words.byPassword },
              { value: 'key', word: words.byKey },
            ]}
          />
          {way === 'password' ? (
            <>
              <TextField
                label={words.name}
                value={name}
                onChange={setName}
                name="username"
                autoComplete="username"
                spellCheck={false}
              />
              <TextField
                label={words.password}
                type="password"
                value={password}
                onChange={setPassword}
                name="password"
                autoComplete="current-password"
                help={words.passwordHelp}
                error={error}
              />
            </>
          ) : (
            <TextField
              label={words.key}
              type="password"
              value={key}
              onChange={setKey}
              autoComplete="off"
              spellCheck={false}
              mono
              help={words.keyHelp}
              error={error}
            />
          )}
          {enter.error && (
            <div role="alert">
              {refused ? (
                <Banner tone="fault" title={way === 'password' ? words.refusedPassword : words.refusedKey} />
              ) : (
                <ErrorNotice title={words.title} error={enter.error} />
              )}
            </div>
          )}
          <Button kind="primary" type="submit" busy={enter.busy}>
            {words.submit}
          </Button>
        </Form>
      </main>
    </div>
  );
}

function isReadableOnItsWay(): boolean {
  const { protocol, hostname } = location;
  return protocol === 'http:' && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}
