import { getRouteApi } from '@tanstack/react-router';
import type { AuthorizationLink } from '@wxthirdparty/sdk';
import { useRead } from '../../api/use-read.ts';
import { Age, Moment } from '../../ui/age.tsx';
import { Copy } from '../../ui/copy.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Link } from '../../ui/link.tsx';
import { Loaded, UpdatedAt } from '../../ui/loaded.tsx';
import { Mono } from '../../ui/mono.tsx';
import { Muted, Page, Section } from '../../ui/page.tsx';
import { Qr } from '../../ui/qr.tsx';
import { Quote } from '../../ui/quote.tsx';
import { Status } from '../../ui/status.tsx';
import { accountWords } from '../../words/account-words.ts';
import { useWords } from '../../words/define-words.ts';
import { sharedWords } from '../../words/shared-words.ts';
import { AuthorizedAccount, Whom } from './links.tsx';
import { shortLink } from './short-link.ts';
import { words as ownWords } from './words.ts';

const route = getRouteApi('/frame/links/$id');
/** The operator waits for the merchant. */
const REFRESH_MS = 3_000;

/** One link, to be sent or scanned, and what became of it. */
export function AuthorizationLinkScreen() {
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  const { id } = route.useParams();
  const read = useRead('GET /v1/authorization-links/:id', { path: { id } }, { refreshMs: REFRESH_MS });
  return (
    <Page
      title={words.title(shortLink(id))}
      back={<Link to="/links">{shared.links}</Link>}
      beside={read.data && <Status of="link" state={read.data.state} />}
    >
      <Loaded read={read} failed={words.failedOne} lines={8}>
        {(link) => (
          <>
            {link.state !== 'authorized' && link.state !== 'expired' && <ToSend link={link} />}
            <LinkFacts link={link} />
            <UpdatedAt read={read} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function ToSend({ link: { url } }: { readonly link: AuthorizationLink }) {
  const words = useWords(ownWords);
  return (
    <Section title={words.qr}>
      <Qr text={url} label={words.qrLabel} />
      <Muted>{words.qrHelp}</Muted>
      <Facts
        facts={[
          {
            label: words.url,
            value: (
              <>
                <Mono>{url}</Mono>
                <Copy text={url} />
              </>
            ),
          },
        ]}
      />
    </Section>
  );
}

function LinkFacts({ link }: { readonly link: AuthorizationLink }) {
  const { handle } = useWords(accountWords);
  const words = useWords(ownWords);
  const shared = useWords(sharedWords);
  return (
    <Facts
      facts={[
        { label: words.for, value: <Whom link={link} /> },
        { label: words.authorized, value: <AuthorizedAccount link={link} /> },
        link.failure !== null && {
          label: words.reason,
          value: (
            <>
              <Quote>{link.failure.message}</Quote>
              <Mono>{link.failure.code}</Mono>
            </>
          ),
        },
        { label: shared.component, value: <Mono>{link.component}</Mono> },
        { label: words.opened, value: <Age at={link.openedAt} focusable /> },
        link.settledAt !== null && { label: words.settled, value: <Moment at={link.settledAt} /> },
        { label: words.created, value: <Moment at={link.createdAt} /> },
        { label: words.ends, value: <Age at={link.expiresAt} focusable /> },
        link.handle !== null && { label: handle, value: <Mono>{link.handle}</Mono> },
        link.returnTo !== null && { label: words.returnTo, value: <Mono>{link.returnTo}</Mono> },
        { label: words.style, value: words.styles[link.style ?? 'auto'] },
      ]}
    />
  );
}
