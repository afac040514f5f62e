import { ERRCODE, Failure } from '@wxthirdparty/wechat';
import type { ComponentApiWith } from '../component/component-carrier.ts';
import { isUnreachable } from '../database/sql-error.ts';
import type { RefreshAhead } from '../token/refresh-ahead.ts';
import type { TokenOwner } from '../token/token.ts';
import type { FetchContext, FetchedToken, TokenKind } from '../token/token-kind.ts';
import type { TokenStore } from '../token/token-store.ts';
import type { AuthorizerState, Grant } from './authorizer.ts';
import type { AuthorizerStore } from './authorizer-store.ts';
import { eraseJsTickets } from './erase-js-tickets.ts';
import { findInWeChatsList } from './find-in-wechat-list.ts';
import { ReauthorizeFailure } from './reauthorize-failure.ts';
import { unknownAuthorizer } from './unknown-authorizer.ts';

export function authorizerOwner(component: string, appid: string): TokenOwner {
  return { kind: 'authorizer', component, appid };
}

/** The authorizer token is fetched with the grant's refresh token and the component's token (protocol §3.6). */
export function authorizerTokenKind(options: {
  readonly apiWith: ComponentApiWith;
  readonly store: AuthorizerStore;
  readonly refreshAhead: RefreshAhead;
  readonly tokenStore: TokenStore;
  /** WeChat refused one refresh token of ours; there may be a newer one. */
  readonly refused?: (component: string) => void;
  /** The account has ended its consent. */
  readonly revoked?: (component: string, appid: string) => void;
}): TokenKind {
  const { apiWith, store, refreshAhead } = options;

  async function fetchWith(grant: Grant, refreshToken: string, context: FetchContext): Promise<FetchedToken> {
    const fetched = await apiWith(context.tokens).fetchAuthorizerToken(
      { appid: grant.component, authorizer: grant.appid, refreshToken },
      context,
    );
    // Durable before the access token is published: a crash in between must not lose the new refresh token.
    if (fetched.refreshToken && fetched.refreshToken !== grant.refreshToken) {
      await store.grants.change(grant.component, grant.appid, grant.version, { refreshToken: fetched.refreshToken });
    }
    return { value: fetched.token, expiresInMs: fetched.expiresInMs };
  }

  /** WeChat refused our refresh token: its own list may contain a newer one (protocol §3.6). */
  async function fetchWithListed(grant: Grant, refusal: Failure, context: FetchContext): Promise<FetchedToken> {
    const listed = await findInWeChatsList(apiWith(context.tokens), grant.component, grant.appid);
    if (listed?.refreshToken && listed.refreshToken !== grant.refreshToken) {
      const saved = await store.grants.change(grant.component, grant.appid, grant.version, {
        refreshToken: listed.refreshToken,
      });
      const current = await store.grants.find(grant.component, grant.appid);
      if (saved === 'saved' && current?.refreshToken) {
        try {
          return await fetchWith(current, current.refreshToken, context);
        } catch (error) {
          if (!(error instanceof Failure) || error.errcode !== ERRCODE.refreshTokenInvalid) throw error;
          throw await ended(current, 'needs-reauthorization', error);
        }
      }
    }
    throw await ended(grant, 'needs-reauthorization', refusal);
  }

  /** The consent has ended, unless it was renewed during the request: then WeChat refused the old one. */
  async function ended(grant: Grant, state: AuthorizerState, refusal: Failure): Promise<Failure> {
    const saved = await store.grants.change(grant.component, grant.appid, grant.version, { state });
    if (saved === 'superseded') return new Failure('grant_changed', 'retry', 'The grant was renewed meanwhile.');
    await refreshAhead.drop(authorizerOwner(grant.component, grant.appid));
    if (state === 'revoked') {
      await eraseJsTickets(grant.component, grant.appid, options);
      options.revoked?.(grant.component, grant.appid);
    }
    return refusal;
  }

  return {
    async fetch(owner, context) {
      const grant = await store.grants.find(owner.component, owner.appid);
      if (!grant) throw unknownAuthorizer(owner.appid);
      if (grant.state !== 'active') throw new ReauthorizeFailure(owner.component, owner.appid, grant.state);
      if (!grant.refreshToken) {
        return fetchWithListed(grant, new ReauthorizeFailure(owner.component, owner.appid, grant.state), context);
      }
      try {
        return await fetchWith(grant, grant.refreshToken, context);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (error.errcode === ERRCODE.notAuthorized) throw await ended(grant, 'revoked', error);
        if (error.errcode === ERRCODE.refreshTokenInvalid) {
          options.refused?.(owner.component);
          return fetchWithListed(grant, error, context);
        }
        throw error;
      }
    },
    async published(owner, { refreshInMs }) {
      await refreshAhead.schedule(owner, refreshInMs);
      // The token is published. Which accounts were in use matters after a loss of Redis only, to the day.
      await store.markUsed(owner.component, owner.appid).catch((error) => {
        if (!isUnreachable(error)) throw error;
      });
    },
  };
}
